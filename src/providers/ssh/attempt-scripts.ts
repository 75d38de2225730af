/*
 * What runs on the host. `$1` is the tree's root, `$2` the job's folder in it, `$3` the attempt's label.
 *
 * `attempts/<label>` in the job's folder is the attempt: who makes the folder starts the runner. `process` in it names
 * the runner's process, with its boot and its start in ticks, as a number alone comes round again. `cancelled` says that
 * it was we who asked it to end.
 */

const PROCESSES = `boot=$(cat /proc/sys/kernel/random/boot_id)
fields_of() {
  { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  line=\${line##*) }
}
is_alive() {
  fields_of "$1" || return 1
  set -- "$2" $line
  case $2 in Z | X) return 1 ;; esac
  [ "\${21}" = "$1" ]
}
parent_of() {
  fields_of "$1" || return 1
  set -- $line
  parent=$2
}
`;

/** `$4` PYTHONPATH, `$5` the interpreter, `$6` what becomes the runner; a line of input with a token, or an empty one. */
export const START = `set -eu
umask 077
case $5 in
  /*) python=$5 ;;
  */*) python=$(pwd -P)/\${5#\\~/} ;;
  *) python=$5 ;;
esac
cd "$1/$2"
mkdir -p attempts
IFS= read -r token
mkdir "attempts/$3" 2>/dev/null || { [ -d "attempts/$3" ]; exit; }
[ -z "$token" ] || export HF_TOKEN="$token"
export PYTHONPATH="$4"
setsid sh -c "$6" mllm "attempts/$3" "$python" "$1/$2" </dev/null >>trainer.log 2>&1 &
`;

/** Says which process it is, and becomes the runner, unless somebody has cancelled it meanwhile. */
export const BECOME_RUNNER = `attempt=$1 python=$2 folder=$3
IFS= read -r line <"/proc/$$/stat"
set -- \${line##*) }
printf '%s %s %s %s\\n' "$$" "$(cat /proc/sys/kernel/random/boot_id)" "\${20}" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \\
  >"$attempt/process.tmp" || exit 1
mv "$attempt/process.tmp" "$attempt/process" || exit 1
[ ! -e "$attempt/cancelled" ] || exit 143
exec "$python" -m mllm_runner "$folder"
`;

/** One word on the attempt and the runner's number; then the job's \`runner-state.json\`, which is read after that. */
export const LOOK = `${PROCESSES}
attempt=$1/$2/attempts/$3
look() {
  if [ ! -d "$attempt" ]; then echo none 0; return; fi
  if [ ! -f "$attempt/process" ]; then
    if [ -n "$(find "$attempt" -maxdepth 0 -mmin -2)" ]; then echo starting 0; else echo broken 0; fi
    return
  fi
  read -r pid was start since <"$attempt/process"
  if [ "$was" = "$boot" ] && is_alive "$pid" "$start"; then echo alive "$pid"
  elif [ -e "$attempt/cancelled" ]; then echo cancelled "$pid"
  elif [ "$was" != "$boot" ]; then echo rebooted "$pid"
  else echo gone "$pid"
  fi
}
look
cat "$1/$2/runner-state.json" 2>/dev/null || :`;

/** \`$4\` TERM asks the runner, which asks its trainer; KILL ends it and everything below it. Then as LOOK. */
export const END = `${PROCESSES}
attempt=$1/$2/attempts/$3
end() {
  [ -d "$attempt" ] || return 0
  if [ ! -f "$attempt/process" ]; then : >"$attempt/cancelled"; return 0; fi
  read -r pid was start since <"$attempt/process"
  [ "$was" = "$boot" ] && is_alive "$pid" "$start" || return 0
  : >"$attempt/cancelled"
  if [ "$1" = TERM ]; then kill -TERM "$pid" 2>/dev/null; return 0; fi
  family=" $pid "
  for round in 1 2 3 4 5 6; do
    for entry in /proc/[0-9]*; do
      child=\${entry#/proc/}
      case $family in *" $child "*) continue ;; esac
      parent_of "$child" || continue
      case $family in *" $parent "*) family="$family$child " ;; esac
    done
  done
  for each in $family; do kill -KILL "$each" 2>/dev/null; done
  for each in $family; do
    tries=0
    while fields_of "$each" && [ "\${line%% *}" != Z ] && [ $tries -lt 50 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
  done
}
end "$4"
${LOOK.slice(PROCESSES.length)}`;

/** A line for each living runner: label, number, start, and its state as JSON on the same line. */
export const LIST = `${PROCESSES}
cd "$1/jobs" 2>/dev/null || exit 0
for file in */attempts/*/process; do
  [ -f "$file" ] || continue
  read -r pid was start since <"$file"
  [ "$was" = "$boot" ] && is_alive "$pid" "$start" || continue
  attempt=\${file%/process}
  printf '%s %s %s ' "\${attempt##*/}" "$pid" "$since"
  { tr -d '\\n' <"\${file%%/*}/runner-state.json"; } 2>/dev/null || :
  echo
done`;
