"""Prints a run's log as a boto3 script would: GetLogEvents until the token repeats. Usage: read_log.py GROUP STREAM"""

import sys

import boto3

logs = boto3.client("logs")
request = {"logGroupName": sys.argv[1], "logStreamName": sys.argv[2], "startFromHead": True}
while True:
    page = logs.get_log_events(**request)
    for event in page["events"]:
        print(event["message"])
    if page["nextForwardToken"] == request.get("nextToken"):
        break
    request["nextToken"] = page["nextForwardToken"]
