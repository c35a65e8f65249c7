"""`tingzhen`: the command line."""

from leads.cli.app import main as main
