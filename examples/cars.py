# %% [markdown]
# # Where is a car from? A classification with text, and its audit
#
# 398 cars of 1970 to 1982, as the American Statistical Association's exposition of 1983 had them: eight
# columns, one of which is free text: the car's name, as somebody typed it (`"vokswagen rabbit"` and
# `"toyouta corona mark ii (sw)"` are in there). The question is the region that a car comes from: the USA,
# Europe or Japan. Source and licence are in [data/README.md](data/README.md).
#
# Snake takes the table as it is: numbers stay numbers, texts stay texts. Nothing is encoded, scaled or
# split into words.

# %%
import sys
from pathlib import Path

import pandas as pd
from matplotlib import pyplot
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from snakebatch.client.sklearn import SnakeClassifier

HERE = Path(__file__).resolve().parent if "__file__" in globals() else Path()
cars = pd.read_csv(HERE / "data/cars.csv")
X, y = cars.drop(columns="origin"), cars["origin"]
print(cars.sample(6, random_state=3).to_string(index=False))
print(y.value_counts().to_string())

# %% [markdown]
# ## How good is it, and beside what?
#
# Names repeat (there are six `"ford pinto"`), and a model that has seen the name in training needs no wit.
# So the folds are cut **by name**: no name stands on both sides. Four models that everyone has are asked
# about the same folds.

# %%
folds = StratifiedGroupKFold(n_splits=4, shuffle=True, random_state=0)
numbers = [column for column in X if column != "name"]
scaled = make_pipeline(SimpleImputer(), StandardScaler())
words = make_column_transformer((TfidfVectorizer(), "name"), (scaled, numbers))
forest = RandomForestClassifier(random_state=0)
snake = SnakeClassifier(n_layers=3, bucket=100, random_state=0)

models = {
    "always the commonest": (DummyClassifier(), numbers),
    "random forest, numbers": (make_pipeline(SimpleImputer(), forest), numbers),
    "random forest, numbers and words": (make_pipeline(words, forest), list(X)),
    "logistic regression, numbers and words": (make_pipeline(words, LogisticRegression(C=10)), list(X)),
    "Snake, numbers": (snake, numbers),
    "Snake, the name alone": (snake, ["name"]),
    "Snake, the whole table": (snake, list(X)),
}
for name, (model, columns) in models.items():
    scores = cross_val_score(model, X[columns], y, cv=folds, groups=X["name"])
    print(f"{name:40} {scores.mean():6.1%}   (folds {scores.min():.1%} to {scores.max():.1%})")

# %% [markdown]
# With the numbers alone Snake is where a random forest is. The name is what tells, and Snake reads it as it
# stands, without a tokenizer. A logistic regression on the words of the name is better still: makes are
# words, and words are just what it is given. What it can't do is call its witnesses: the cars that look
# alike, and why. That comes next.
#
# ## Why? An explanation as data
#
# One fold is held out, Snake is trained on the rest, and of the held-out cars that it gets right we take
# the one it is least sure of.

# %%
train, test = next(folds.split(X, y, X["name"]))
X_train, X_test, y_train, y_test = X.iloc[train], X.iloc[test], y.iloc[train], y.iloc[test]
snake.fit(X_train, y_train)

asked = X_test.assign(
    true=y_test, predicted=snake.predict(X_test), sure=snake.predict_proba(X_test).max(axis=1)
)
right = asked["true"] == asked["predicted"]
print(f"{right.sum()} of {len(asked)} right; wrong are:")
print(asked[~right][["name", "true", "predicted", "sure"]].round(2).to_string(index=False))

unsure = asked[right]["sure"].idxmin()
question = X.loc[[unsure]]
print("\nright, but least sure:")
print(asked.loc[[unsure]].round(2).to_string(index=False))

# %% [markdown]
# `explain` gives an object a row: the classes with their votes; for each layer the path to the bucket that
# took the row; and there the *reasons*: what is true of the row, and which cars of the training vote
# because it is.

# %%
why = snake.explain(question)[0]
print(f"{why.prediction}, by {why.votes} votes:", {share.target: share.votes for share in why.probabilities})
names = X_train["name"].tolist()
for layer in why.layers:
    print(f"\nlayer {layer.layer}: bucket {layer.bucket}, {layer.members} members")
    print("  path:   ", " AND ".join((*layer.before, *layer.condition)) or "there is one bucket only")
    for reason in layer.reasons[:2]:
        print("  because:", " AND ".join(reason.because))
        for alike in reason.lookalikes[:3]:
            print(f"          {names[alike.row]!r} votes for {alike.target}")

# %% [markdown]
# The same as a text is `get_audit`, for one row of the trained `Snake` itself; every line of it can be
# checked by looking at the row. `get_augmented` puts the answer into the row, for a table that others go on
# with.

# %%
row = question.iloc[0].to_dict()
audit = snake.snake_.get_audit(row)
print("\n".join(audit.splitlines()[:16]))
print(f"... {len(audit.splitlines())} lines in all\n")

augmented = snake.snake_.get_augmented(row)
print("columns:", ", ".join(augmented))
print("Prediction:", augmented["Prediction"])
print("Probability:", {name: round(share, 2) for name, share in augmented["Probability"].items()})

# %% [markdown]
# ## The audit as a figure
#
# On top the shares of the votes. Below, a block for each layer: the squares are the buckets that were
# asked, in order, and the filled one took the car. A bar is a reason: on its left what is true of the car,
# on its right how many votes come of it, and whose they are.

# %% mystnb={"image": {"alt": "Shares of the votes; by layer the car's way to its bucket, reasons and votes"}}
by = f"{why.probabilities[0].votes} votes of {why.votes}"
title = f"{row['name']!r} is from {why.prediction}, say {by}: the name is sure, the engine is not"
ax = snake.plot_audit(question, title=title, name_of=lambda number: names[number], most=4)
pyplot.show()

# %% tags=["script"]
out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/cars.png")
out.parent.mkdir(parents=True, exist_ok=True)
ax.figure.savefig(out, dpi=90)
print("picture:", out)

# %% [markdown]
# ## The same model from the workflow
#
# Nothing above needs AWS. The workflow of SnakeBatch trains the same kind of model over 100 Lambda
# functions, or on this machine over its embedded cloud:
#
# ```
# snakebatch train examples/data/cars.csv --target origin --layers 3 --bucket 100 --out out/cars.model.json
# ```
#
# The workflow takes no noise into its leaves, and without noise its bytes are those of the model in
# process:
#
# ```
# Snake("examples/data/cars.csv", target_index="origin", n_layers=3, bucket=100, noise=0, tau=1000)
# ```
#
# `tests/examples/test_cars_workflow.py` trains both, and compares.
