"""Pictures: figures drawn as charts, the same bytes on a page, in a Slack message and in a PDF."""
