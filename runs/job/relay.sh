
# The relay: what the training logs to. It runs beside the training, is the last to end, and changes no exit code.
mantik_tracking=$mantik_job_dir/.mantik/tracking
# Where the training logs without a relay: MLFLOW_TRACKING_URI as .mantik/env has it.
mantik_straight=
mantik_python=
mantik_attempt=
mantik_relay_pid=
mantik_relay_fd=
mantik_step=()

# mantik_track NODES [each]: starts what the training logs to, and says which way that takes. NODES is what the config
# asks for. With "each" the command in `mantik_step` starts one task on each node. mantik_track off WHY: starts nothing.
mantik_track() {
  local flags=$- IFS=$' \t\n'
  # A command of the config may have asked for `set -x`, and the secret must not be in the log.
  { set +x; } 2> /dev/null
  mantik_choose_way "$@"
  mantik_pass_to_images
  case $flags in *x*) set -x ;; esac
}

mantik_choose_way() {
  local nodes address=127.0.0.1 whose="this node"
  [ "$1" != off ] || { mantik_go_straight "$2" && return; }
  if [ "$MLFLOW_TRACKING_URI" != "$mantik_straight" ]; then
    mantik_say "a command of the config has set MLFLOW_TRACKING_URI: nothing that is logged there reaches Mantik"
    return
  fi
  [ "${BASH_VERSINFO[0]}" -ge 4 ] || { mantik_go_straight "this node has no bash 4" && return; }
  mantik_find_python || { mantik_go_straight "this node has no Python 3.6" && return; }
  nodes=$(mantik_count_nodes "$1")
  mantik_attempt=$(mantik_next_attempt)
  if [ "$nodes" -gt 1 ] && [ "$2" = each ] && [ "${#mantik_step[@]}" -gt 0 ]; then
    mantik_write_task || { mantik_go_straight "the job's folder cannot be written" && return; }
    mantik_step+=(/bin/bash "$mantik_job_dir/.mantik/task.sh")
    mantik_say "the training logs to a relay on each of its $nodes nodes; Mantik fetches from there what is logged"
    return
  fi
  if [ "$nodes" -gt 1 ]; then
    address=$(mantik_address) || { mantik_go_straight "this node has no address for its other nodes" && return; }
    whose="$address, for all $nodes nodes"
  fi
  mantik_relay_begin "journal-$mantik_attempt" "$address" ||
    { mantik_go_straight "the relay did not start" && return; }
  mantik_say "the training logs to the relay on $whose; Mantik fetches from here what is logged"
}

mantik_go_straight() { mantik_say "the training logs straight to $MLFLOW_TRACKING_URI: $*"; }

# Sets mantik_python.
mantik_find_python() {
  local name
  for name in python3 /usr/libexec/platform-python python; do
    mantik_python=$(type -P "$name") || continue
    "$mantik_python" -E -s -S -c 'import array, hashlib, json, sys, zlib; sys.exit(sys.version_info < (3, 6))' \
      < /dev/null > /dev/null 2>&1 && return
  done
  return 1
}

# Prints the job's nodes as far as its batch system names them, each on a line.
mantik_nodes() {
  local file
  if [ -n "$SLURM_JOB_NODELIST" ]; then
    scontrol show hostnames "$SLURM_JOB_NODELIST" 2> /dev/null
    return
  fi
  for file in "$PBS_NODEFILE" "$LSB_DJOB_HOSTFILE"; do
    [ ! -r "$file" ] || { sort -u "$file" && return; }
  done
}

# mantik_count_nodes NODES: prints how many there are; NODES if the batch system does not say so.
mantik_count_nodes() {
  local count=$SLURM_JOB_NUM_NODES
  [ -n "$count" ] || count=$(mantik_nodes | grep -c .)
  [ "$count" -gt 0 ] 2> /dev/null || count=$1
  printf '%s' "$count"
}

# Prints the number of this attempt of the job: its batch system may start it again, and then there are journals.
mantik_next_attempt() {
  local attempt=1
  while compgen -G "$mantik_tracking/journal-$attempt" || compgen -G "$mantik_tracking/journal-*-$attempt"; do
    attempt=$((attempt + 1))
  done > /dev/null
  printf '%s' "$attempt"
}

# Prints the address by which the job's other nodes reach this one: that from which it would send to them. Without other
# nodes that are known it is at worst the loopback's.
mantik_address() {
  local nodes
  nodes=$(mantik_nodes | grep -vxF "$(uname -n)" | head -n 8)
  # shellcheck disable=SC2086
  "$mantik_python" -E -s -S - $nodes << 'MANTIK_PROGRAM'
import socket, sys

def addresses_towards(host):
    try:
        for family, kind, protocol, _, place in socket.getaddrinfo(host, 9, socket.AF_INET, socket.SOCK_DGRAM):
            with socket.socket(family, kind, protocol) as sender:
                sender.connect(place)
                yield sender.getsockname()[0]
    except OSError:
        pass

nodes = sys.argv[1:]
hosts = nodes + [socket.gethostname(), "192.0.2.1"]
found = [address for host in hosts for address in addresses_towards(host) if not address.startswith("127.")]
if nodes and not found:
    sys.exit(1)
print((found + ["127.0.0.1"])[0])
MANTIK_PROGRAM
}

# mantik_relay_begin JOURNAL ADDRESS [OPTION...]: starts the relay, and has the training log to it. Fails if it does not
# start.
mantik_relay_begin() {
  local port_file=$mantik_tracking/$1.port deadline=$((SECONDS + 15))
  # A group of its own: a signal to all of the job is for the training. Bash gives the pipe of a coproc to none of the
  # commands that it starts, so the relay ends when this script does, whatever the training leaves behind. Older shells
  # could not read past the word.
  set -m
  eval 'coproc mantik_relay { mantik_relay_keep "$@"; }'
  mantik_relay_pid=$!
  set +m
  mantik_relay_fd=${mantik_relay[1]}
  until [ -s "$port_file" ]; do
    if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$mantik_relay_pid" 2> /dev/null; then
      mantik_relay_end 5
      return 1
    fi
    sleep 0.05
  done
  mantik_relay_environment "$2" "$(cat "$port_file")"
}

# The relay's keeper, until the pipe on standard input is closed. It starts the relay again if that was killed.
mantik_relay_keep() {
  local journal=$1 address=$2 status began pause=1
  shift 2
  trap '' HUP INT TERM
  exec >&2
  while :; do
    began=$SECONDS
    # Without what bash says of processes that were killed.
    {
      "$mantik_python" -E -s -S "$mantik_job_dir/.mantik/relay.py" --folder "$mantik_tracking" --journal "$journal" \
        --address "$address" "$@" 2>&3 3>&-
    } 3>&2 2> /dev/null
    status=$?
    [ -s "$mantik_tracking/$journal.port" ] || return
    [ $((SECONDS - began)) -lt 10 ] || pause=1
    # A time-out says that the pipe is still open.
    read -r -t "$pause" 2> /dev/null
    [ "$?" -gt 128 ] || return
    mantik_say "the relay ended with exit code $status and is started again"
    [ "$pause" -ge 60 ] || pause=$((pause * 2))
  done
}

# mantik_relay_environment ADDRESS PORT: what the training finds the relay by.
mantik_relay_environment() {
  local secret host=$1 lower=${no_proxy:-$NO_PROXY} upper=${NO_PROXY:-$no_proxy}
  secret=$("$mantik_python" -E -s -S -c 'import json, sys; print(json.load(open(sys.argv[1]))["secret"])' \
    "$mantik_tracking/seed.json" < /dev/null)
  # In the path, because headers are replaced by ~/.netrc and by what a member keeps for other servers.
  export MLFLOW_TRACKING_URI="http://$host:$2/$secret"
  export no_proxy NO_PROXY
  no_proxy=$(mantik_with "$lower" "$host,localhost")
  NO_PROXY=$(mantik_with "$upper" "$host,localhost")
  # So many times a client asks again while a relay is started again. Those before 2.3 take no more.
  export MLFLOW_HTTP_REQUEST_MAX_RETRIES=${MLFLOW_HTTP_REQUEST_MAX_RETRIES:-9}
  # With the address, the client would print the secret.
  export MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT=true
  unset MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD MLFLOW_TRACKING_AUTH MLFLOW_TRACKING_AWS_SIGV4 \
    MLFLOW_WORKSPACE MLFLOW_REGISTRY_URI MLFLOW_EXPERIMENT_NAME
}

# mantik_with LIST ENTRIES: prints the list with the entries; * stands for all.
mantik_with() { [ "$1" = '*' ] && printf '*' || printf '%s' "${1:+$1,}$2"; }

# An image that is run with --cleanenv or --containall sees only what has a name like these.
mantik_pass_to_images() {
  local name
  for name in MANTIK_RUN_ID no_proxy NO_PROXY MLFLOW_TRACKING_URI MLFLOW_TRACKING_TOKEN MLFLOW_EXPERIMENT_ID \
    MLFLOW_RUN_ID MLFLOW_DISABLE_TELEMETRY MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT MLFLOW_HTTP_REQUEST_MAX_RETRIES; do
    [ -z "${!name}" ] || export "APPTAINERENV_$name=${!name}"
  done
}

# mantik_relay_end SECONDS: ends the relay, which first writes what it has, within so many seconds.
mantik_relay_end() {
  local deadline=$((SECONDS + $1))
  [ -n "$mantik_relay_pid" ] || return
  [ -z "$mantik_relay_fd" ] || exec {mantik_relay_fd}>&-
  while kill -0 "$mantik_relay_pid" 2> /dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      mantik_say "the relay did not end within $1 s"
      kill -KILL -- "-$mantik_relay_pid"
      break
    fi
    sleep 0.05
  done
  mantik_relay_pid=
}

# Writes what each of srun's tasks runs: a relay of its node, and then the training.
mantik_write_task() {
  {
    declare -p mantik_job_dir mantik_tracking mantik_attempt &&
      declare -f mantik_say mantik_find_python mantik_relay_begin mantik_relay_keep mantik_relay_environment \
        mantik_with mantik_pass_to_images mantik_relay_end mantik_train mantik_task &&
      printf 'mantik_task "$@"\n'
  } > "$mantik_job_dir/.mantik/task.sh"
}

# mantik_task COMMAND...: one task of srun.
mantik_task() {
  local node
  node=$(uname -n)
  node=${node%%.*}
  node=${node//[^A-Za-z0-9-]/-}
  node=${node:0:64}
  # The job's script says that the job was asked to stop.
  mantik_stop() {
    mantik_signalled=yes
    [ -z "$mantik_pid" ] || kill -TERM -- "-$mantik_pid" 2> /dev/null
  }
  trap mantik_stop TERM
  mantik_find_python && mantik_relay_begin "journal-$node-$mantik_attempt" 127.0.0.1 --node "$node" ||
    mantik_say "no relay on $node: what the training logs there goes straight to $MLFLOW_TRACKING_URI"
  mantik_pass_to_images
  mantik_train "$@"
  mantik_relay_end 20
  exit "$mantik_code"
}
