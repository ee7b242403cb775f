"""What a run of the hub imports, once for all the processes that `forked` forks; nothing else imports this."""

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read while Great Expectations is imported

import simple_salesforce  # noqa: F401
import slack_sdk  # noqa: F401
import zenpy  # noqa: F401

import hub.cli.flow
import hub.launcher.preload  # noqa: F401
