"""Run in SAM CLI's own environment: the template as CloudFormation gets to see it, by SAM's own code.

    python expand.py template.yaml KEY...

unrolls Fn::ForEach as SAM CLI does, lets samtranslator do what AWS::Serverless does, and prints a list of
templates as JSON, one for each KEY. Local code becomes an object in S3; KEY is the layer's, so that another
KEY is another content of the layer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}
PSEUDO = {"AWS::Region": "eu-west-3", "AWS::AccountId": "123456789012", "AWS::Partition": "aws"}


class NoManagedPolicies:
    """What samtranslator would ask IAM for; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


def expanded(template: dict[str, Any], layer: str) -> dict[str, Any]:
    """The template after both transforms."""
    parameters = {name: body["Default"] for name, body in template["Parameters"].items()} | PSEUDO
    unrolled = expand_language_extensions(template, parameters, enabled=True).expanded_template
    for body in unrolled["Resources"].values():
        if body["Type"] in CODE:
            key = layer if body["Type"].endswith("LayerVersion") else "code.zip"
            body["Properties"][CODE[body["Type"]]] = f"s3://artefacts/{key}"
    result: dict[str, Any] = transform(unrolled, parameters, NoManagedPolicies())
    return result


if __name__ == "__main__":
    os.environ["AWS_DEFAULT_REGION"] = PSEUDO["AWS::Region"]  # samtranslator asks boto3 for it
    try:
        text = Path(sys.argv[1]).read_text()
        print(json.dumps([expanded(yaml_parse(text), key) for key in sys.argv[2:]]))
    except InvalidDocumentException as error:
        sys.exit("\n".join(cause.message for cause in error.causes))
