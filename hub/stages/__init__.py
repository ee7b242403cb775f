"""The verbs: collect, validate, classify, route, deliver, replay. Plain functions that need no Airflow.

A stage receives open connectors and an open store as arguments, so it knows no connector by name.
"""
