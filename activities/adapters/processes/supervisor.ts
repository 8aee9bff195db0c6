/**
 * How many bytes of each output stream are kept on disk in one log. A full log replaces the earlier one. A log may exceed
 * this by one copy of 1 MB, so a command keeps at most 36 MB.
 */
export const LOG_BYTES = 8_000_000;
/** How long a command gets to end when it is stopped from elsewhere, in seconds. */
export const GRACE_ELSEWHERE_SECONDS = 3;

/**
 * Runs a command and outlives the worker: writes the exit code where the next worker finds it, keeps the end of the output,
 * and renews a lease (`leases.ts`) for those who cannot see its process. It waits for a line on its standard input before it
 * begins, so its pid is recorded first. If no worker of its data folder proves in time that it still holds the command, it
 * ends everything, because others begin it anew (`fence.ts`). The command comes as an argument, never as part of the script.
 * Arguments: the command, its folder, LOG_BYTES, the pause between two polls in seconds, GRACE_ELSEWHERE_SECONDS, the file
 * that a worker rewrites while it holds the command, or nothing, and how many polls it may stay the same.
 */
export const SUPERVISOR = `
command=$1 folder=$2 most=$3 pause=$4 grace=$5 held=$6 polls=$7

# Copies the output to a log. When the disk is full, the output is read and dropped, so the command becomes slow but
# continues. Ends when no process has the pipe open.
keep() {
  trap '' TERM INT HUP
  log=$folder/$1.log
  while :; do
    said=$(LC_ALL=C dd bs=8192 count=128 2>&1 >> "$log") || {
      touch "$log"
      sleep 0.1
      said=$(LC_ALL=C dd bs=65536 count=1 2>&1 > /dev/null)
    }
    case $said in '0+0 records in'*) break ;; esac
    [ "$(wc -c < "$log")" -lt "$most" ] || mv -f "$log" "$folder/$1.earlier.log"
  done 2> /dev/null
  : > "$folder/$1.kept"
}

# The exit code shows once what the command printed is on disk. Something that it left running may hold the logs open:
# that is not waited for long.
run() {
  /bin/sh -c "$command" < "$folder/stdin"
  code=$?
  exec > /dev/null 2>&1
  kept stdout
  until { printf %s "$code" > "$folder/exit.draft"; } && [ -s "$folder/exit.draft" ]; do
    [ -d "$folder" ] || exit
    sleep 1
  done
  { kept stderr; over; } &
}
kept() {
  tries=0
  until [ -e "$folder/$1.kept" ] || [ "$tries" -ge 25 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
}
over() { [ ! -s "$folder/exit.draft" ] || mv -f "$folder/exit.draft" "$folder/exit"; }

# Ends all that descends from the command, also what has left its group, if /proc shows it.
fence() {
  : > "$folder/fenced"
  for each in /proc/[0-9]*; do
    tr '\\0' '\\n' < "$each/environ" | grep -qx "GATEHOUSE_PROCESS=$GATEHOUSE_PROCESS" || continue
    read -r fields < "$each/stat" || continue
    set -- \${fields##*) }
    [ "$3" = $$ ] || kill -s KILL "\${each#/proc/}"
  done
  rm -f "$folder/alive"
  kill -s KILL -- -$$
}

# Touches a file for as long as the leader lives, and ends the group when somebody asks who cannot reach it.
live() {
  trap 'kill "$nap"; exit' TERM
  last= same=0
  while kill -0 $$; do
    : > "$folder/alive"
    if [ -e "$folder/end" ]; then
      trap '' TERM
      kill -s TERM -- -$$
      sleep "$grace"
      rm -f "$folder/alive"
      kill -s KILL -- -$$
    fi
    if [ -n "$held" ]; then
      now=
      read -r now < "$held"
      if [ "$now" = "$last" ]; then same=$((same + 1)); else last=$now same=0; fi
      [ "$same" -lt "$polls" ] || fence
    fi
    sleep "$pause" &
    nap=$!
    wait "$nap"
  done
}

read -r go || exit 125
[ "$go" = go ] || exit 125
: > "$folder/alive" || exit 125
: > "$folder/begun" || exit 125
live < /dev/null > /dev/null 2>&1 &
living=$!
{ { exec 2>&4 4>&-; run; } | { exec 4>&- >&2; keep stdout; }; } 4>&1 | keep stderr
over 2> /dev/null
kill "$living"
wait "$living"
rm -f "$folder/alive"
`;
