#!/bin/sh
# Git runs this when a host asks for a login, with the question as its argument.
# The answers are in the environment of that one git process: unlike an argument, a URL or a file, other users of
# the machine cannot read them, and they are gone with the process. Only the host they are for gets them.
case "$1" in
  "Username for '$MANTIK_GIT_LOGIN_HOST'"*) printf '%s\n' "$MANTIK_GIT_LOGIN_NAME" ;;
  "Password for '"*"@${MANTIK_GIT_LOGIN_HOST#https://}'"*) printf '%s\n' "$MANTIK_GIT_LOGIN_TOKEN" ;;
  *) exit 1 ;;
esac
