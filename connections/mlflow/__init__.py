"""The MLflow tracking server: starting one, and talking to it.

Workers tell it things through MLflow's own client (`for_workers.py`). What pages wait for, and bytes, come over plain
HTTP (`tracking.py`, `model_files.py`), which only reads.
"""
