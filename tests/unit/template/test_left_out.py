"""What is taken out of the template for an emulator that lacks a type, and what stays."""

from __future__ import annotations

import pytest

from tests.deploy.left_out import lacking, without

TEMPLATE = """\
Parameters:
  Mode:
    Type: String
Resources:
  # Kept, with its comment
  Bucket:
    Type: AWS::S3::Bucket
  Odd: {Type: AWS::Odd::Thing}

  Follower:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Sub ${Odd.Name}-topic
  Oddity:
    Type: AWS::S3::Bucket
Outputs:
  OddArn:
    Value: !GetAtt Odd.Arn
  BucketName:
    Value: !Ref Bucket
"""
LEFT = """\
Parameters:
  Mode:
    Type: String
Resources:
  # Kept, with its comment
  Bucket:
    Type: AWS::S3::Bucket
  Oddity:
    Type: AWS::S3::Bucket
Outputs:
  BucketName:
    Value: !Ref Bucket
"""


def test_a_resource_goes_with_all_that_refers_to_it_and_the_rest_stays_as_written() -> None:
    assert without(TEMPLATE, ["Odd"]) == (LEFT, ["Odd", "Follower", "OddArn"])
    assert without(TEMPLATE, []) == (TEMPLATE, [])


def test_what_is_not_written_in_the_template_cannot_be_left_out() -> None:
    with pytest.raises(AssertionError, match="OddVersion1 is not written"):
        without(TEMPLATE, ["OddVersion1"])


@pytest.mark.parametrize(("mode", "missing"), [("a", {"Odd": "AWS::Odd::Thing"}), ("b", {})])
def test_only_what_would_be_made_can_be_lacking(mode: str, missing: dict[str, str]) -> None:
    equals = {"Fn::Equals": [{"Ref": "Mode"}, "a"]}
    empty = {"Fn::Equals": [{"Fn::Join": ["", {"Ref": "List"}]}, ""]}
    expanded = {
        "Parameters": {"Mode": {"Default": "b"}, "List": {"Default": ""}},
        "Conditions": {
            "IsA": {"Fn::And": [equals, {"Fn::Or": [empty, {"Fn::Not": [empty]}]}]},
        },
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Odd": {"Type": "AWS::Odd::Thing", "Condition": "IsA"},
        },
    }
    assert lacking(expanded, {"Mode": mode}, {"AWS::S3::Bucket"}) == missing
