"""What an operator does to a deployment from the command line: check the account, and take all down again."""
