#!/bin/sh
# end-with-parent.sh COMMAND ARGUMENT …: runs a command, and tells it to end where whoever started this is gone, which is when the input ends.
exec 3<&0
"$@" 3<&- </dev/null &
command=$!
# The watcher holds none of the outputs, so that their reader sees the end of the command.
{ cat <&3; kill -TERM "$command"; } >/dev/null 2>&1 &
watcher=$!
trap 'kill -TERM "$command"' TERM INT
wait "$command"
code=$?
# A signal interrupts the first wait.
if kill -0 "$command" 2>/dev/null; then
  wait "$command"
  code=$?
fi
kill -TERM "$watcher" 2>/dev/null
exit "$code"
