"""The library of the Social Intelligence Hub: it names no connector and, but for one module, no Airflow."""
