"""``make publishable``: the built template as the Serverless Application Repository takes it.

The repository knows one transform only, AWS::Serverless-2016-10-31 (issue 859 of serverless-application-
model in the AWS repositories), and our template has AWS::LanguageExtensions too, for the loop over the
shards. So the loop is unrolled here, and nothing else is changed: SAM CLI's own unrolling would put the
parameters' defaults in their places too. The layer was built for one architecture, which is therefore the
only one that remains. In SAM CLI's environment:

    python -m tools.publishable .aws-sam/build/template.yaml
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

SERVERLESS = "AWS::Serverless-2016-10-31"
LOOP = "Fn::ForEach::"
MOST_BYTES = 1 << 20
"""Of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def publishable(template: dict[str, Any]) -> dict[str, Any]:
    """The template with its loops unrolled, its one transform, and the architecture that was built."""
    resources: dict[str, Any] = {}
    for name, body in template["Resources"].items():
        resources |= unrolled(body) if name.startswith(LOOP) else {name: body}
    architecture = template["Parameters"]["Architecture"]
    only = architecture | {"AllowedValues": [architecture["Default"]]}
    parameters = template["Parameters"] | {"Architecture": only}
    return template | {"Transform": SERVERLESS, "Parameters": parameters, "Resources": resources}


def unrolled(loop: list[Any]) -> dict[str, Any]:
    """The resources of one Fn::ForEach: its variable, its values, and what is made for each of them."""
    variable, values, body = loop
    text = json.dumps(body)
    resources: dict[str, Any] = {}
    for value in values:
        resources |= json.loads(text.replace(f"${{{variable}}}", value))
    return resources


def main(name: str) -> int:
    """Write it beside the built template, whose paths it shares."""
    built = Path(name)
    if not built.exists():
        print(f"error: there is no {built}: run `make build` first", file=sys.stderr)
        return 2
    text = json.dumps(publishable(yaml_parse(built.read_text())), indent=1)
    if len(text.encode()) > MOST_BYTES:
        print(f"error: {len(text.encode()):,} bytes, CloudFormation takes {MOST_BYTES:,}", file=sys.stderr)
        return 1
    out = built.with_name("publish.json")
    out.write_text(text)
    package = f"sam package --template-file {out} --s3-bucket BUCKET"
    print(f"{package} --output-template-file build/packaged.yaml")
    print("then: sam publish --template build/packaged.yaml --region REGION")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
