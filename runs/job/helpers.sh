# Helpers. What belongs to this run begins further below, at "This run".
exec 2>&1
set +x
mantik_job_dir=$PWD
mantik_phase=preparing
mantik_pid=
mantik_code=
mantik_signalled=
mantik_text=

mantik_say() { printf '[mantik] %s\n' "$*"; }

# Ends the line that a command or the training has left without a line break, as far as the log has come.
mantik_end_line() {
  local log=$mantik_job_dir/mantik.log
  [ ! -s "$log" ] || [ "$(tail -c 1 "$log" | wc -l)" -gt 0 ] || echo
}

# mantik_fail CODE WORDS...: ends the run here.
mantik_fail() {
  local code=$1
  shift
  mantik_say "$*"
  exit "$code"
}

# Always the last thing to happen, also after a failure.
mantik_end() {
  local code=$?
  trap - EXIT
  mantik_end_line
  if [ "$mantik_phase" = preparing ] || [ "$mantik_phase" = commands ]; then
    mantik_say "the training was not started"
    [ "$code" -ne 0 ] || code=1
  fi
  [ "$mantik_phase" = preparing ] || (mantik_after_training)
  mantik_relay_end 20
  mantik_say "finished with exit code $code after $SECONDS s"
  exit "$code"
}

# The site stops the job: pass the signal on to the training, which runs in a process group of its own.
mantik_stop() {
  mantik_signalled=yes
  case $mantik_phase in
    ended) ;;
    training)
      [ -n "$mantik_pid" ] || return
      mantik_say "the job was asked to stop (signal 15); passing that on to the training"
      kill -TERM -- "-$mantik_pid" 2> /dev/null
      ;;
    *)
      mantik_fail 143 "the job was asked to stop (signal 15), because it reached its time limit or somebody ended it" \
        "in the batch system"
      ;;
  esac
}

# Unpacks the code of the commit, only once, even if the site starts the job a second time.
mantik_unpack() {
  [ ! -e .mantik/unpacked ] || return 0
  local pauses=() pause trouble
  if [ -e .mantik/code.tar.gz.b64 ]; then
    base64 -d < .mantik/code.tar.gz.b64 > .mantik/code.tar.gz ||
      mantik_fail 74 "the code arrived damaged: it is not base64"
  elif [ -e .mantik/code.tar.gz ]; then
    # A worker that was thought dead may be uploading the same archive again; it is whole a moment later.
    pauses=(1 2 4 8)
  fi
  for pause in "${pauses[@]}" 0; do
    trouble=$(mantik_unpack_archive) && return
    sleep "$pause"
  done
  mantik_fail 74 "$trouble"
}

# Says which files of the code the job goes without.
mantik_say_what_is_missing() {
  local sentences
  [ ! -r .mantik/code.missing ] || ! IFS= read -r sentences < .mantik/code.missing || mantik_say "$sentences"
}

# Prints what is wrong with the archive if it fails.
mantik_unpack_archive() {
  local found expected
  found=$({ sha256sum .mantik/code.tar.gz || shasum -a 256 .mantik/code.tar.gz; } 2> /dev/null | cut -c 1-64)
  expected=$(cat .mantik/code.sha256)
  if [ -z "$found" ] || [ "$found" != "$expected" ]; then
    printf 'the code arrived damaged: its SHA-256 is %s instead of %s' "${found:-unknown}" "$expected"
    return 1
  fi
  mkdir -p code && tar -xz --no-same-permissions -f .mantik/code.tar.gz -C code && : > .mantik/unpacked || {
    printf 'the code could not be unpacked'
    return 1
  }
}

# mantik_variable NAME: exports NAME with the text of standard input, in which $OTHER and $(command) are expanded.
mantik_variable() {
  local mantik_text mantik_value mantik_mark=MANTIK_VALUE_END
  mantik_text=$(cat)
  while [[ $'\n'$mantik_text$'\n' == *$'\n'$mantik_mark$'\n'* ]]; do mantik_mark+=_; done
  mantik_value=$(eval "cat <<$mantik_mark
$mantik_text
$mantik_mark") || mantik_fail 78 "the variable $1 cannot be expanded"
  export "$1=$mantik_value"
}

# mantik_needs KEY NAME...: ends the run if the config uses variables that have no value here.
mantik_needs() {
  local mantik_key=$1 mantik_name mantik_missing=
  shift
  for mantik_name; do
    [ -n "${!mantik_name}" ] || mantik_missing+=" \$$mantik_name"
  done
  [ -z "$mantik_missing" ] || mantik_fail 78 "$mantik_key uses variables that have no value on this node:$mantik_missing"
}

# mantik_absolute KEY PATH: ends the run if a path that began with a variable is not absolute.
mantik_absolute() {
  [ "${2#/}" != "$2" ] || mantik_fail 78 "$1 is $2 on this node, and has to begin with /"
}

mantik_find_modules() {
  local file
  for file in "$MODULESHOME/init/bash" /etc/profile.d/modules.sh /etc/profile.d/*lmod.sh; do
    type module > /dev/null 2>&1 && return
    [ ! -r "$file" ] || . "$file"
  done
}

mantik_module() {
  local status
  mantik_say "module load $1"
  type module > /dev/null 2>&1 || mantik_fail 127 "this node has no module command"
  module load "$1"
  status=$?
  [ "$status" -eq 0 ] || mantik_fail "$status" "the module $1 could not be loaded"
}

# Reads one command of the config from standard input. The caller runs it in this shell, so what it sets stays.
mantik_before() {
  mantik_text=$(cat)
  mantik_say "before the training: ${mantik_text%%$'\n'*}"
}

mantik_checked() {
  local status=$?
  set +eu
  mantik_end_line
  [ "$status" -eq 0 ] || mantik_fail "$status" "this command failed with exit code $status"
}

mantik_after() {
  local mantik_text mantik_status
  mantik_text=$(cat)
  mantik_say "after the training: ${mantik_text%%$'\n'*}"
  eval "$mantik_text"
  mantik_status=$?
  set +eu
  mantik_end_line
  [ "$mantik_status" -eq 0 ] || mantik_say "this command failed with exit code $mantik_status"
}

# mantik_train COMMAND...: the training itself.
mantik_train() {
  mantik_phase=training
  set -m
  "$@" < /dev/null &
  mantik_pid=$!
  set +m
  # The signal may have come while the training was being started.
  [ -z "$mantik_signalled" ] || mantik_stop
  local status again=
  while :; do
    mantik_signalled=
    wait "$mantik_pid" 2> /dev/null
    status=$?
    # A second wait says 127 if the first one had the status already and a signal came just after it.
    [ "$status" -eq 127 ] && [ -n "$mantik_code" ] || mantik_code=$status
    [ -z "$mantik_signalled" ] || { again= && continue; }
    # Of two signals at once bash may answer the second with a wait that ends at once, though its trap ran before: what
    # looks like a death by a signal is one if a second wait says so, too.
    [ "$status" -gt 128 ] && [ -z "$again" ] || break
    again=yes
  done
  mantik_phase=ended
}

mantik_quote() {
  # Without the line break sed would see no line in an empty text. tr turns it into a space, which is removed first.
  printf '%s\n' "$1" | tr '[:cntrl:]' ' ' | LC_ALL=C sed 's/ $//; s/[\\"]/\\&/g; s/.*/"&"/'
  echo
}

# One line about the node, as JSON.
mantik_facts() {
  local python gpus cores memory limit=
  python=$(command -v python || command -v python3)
  ! command -v timeout > /dev/null || limit='timeout 10'
  gpus=$($limit nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader |
    while IFS= read -r gpu; do mantik_quote "$gpu"; done | paste -s -d , -)
  cores=$(getconf _NPROCESSORS_ONLN)
  memory=$(awk '/^MemTotal/ {print int($2 / 1048576)}' /proc/meminfo)
  printf '[mantik] env {"hostname": %s, "os": %s, "platform": %s, ' "$(mantik_quote "$(uname -n)")" \
    "$(mantik_quote "$(. /etc/os-release && echo "$PRETTY_NAME")")" "$(mantik_quote "$(uname -srm)")"
  printf '"python_version": %s, "python_executable": %s, ' \
    "$(mantik_quote "$($limit "$python" -c 'import platform; print(platform.python_version())')")" \
    "$(mantik_quote "$python")"
  printf '"cpu_cores": %s, "memory_gb": %s, "gpus": [%s]}\n' "${cores:-null}" "${memory:-null}" "$gpus"
}
