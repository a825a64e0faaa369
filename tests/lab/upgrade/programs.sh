# shellcheck shell=bash
# programs.sh - what is laid at the gate's path in the upgrade tests, and what becomes of it. Sourced after world.sh.

# shellcheck disable=SC2034 # of those who source this
UPGRADE=$LAB/upgrade

# lay FILE: it is gate25 from now on, as a package manager would put it there: by a new file and a rename.
lay() {
	cp -L "$1" "$LAB_DIR/bin/gate25.new" && chmod 755 "$LAB_DIR/bin/gate25.new" && mv "$LAB_DIR/bin/gate25.new" "$GATE25"
}

# fresh: the program of this tree, as a file of its own.
fresh() { lay "$LAB_TOP/build/gate25"; }

# stand_in NAME C-TEXT: a program that is none, in $LAB_DIR/bin/NAME.
stand_in() {
	local name=$1
	printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n%s\n' "$2" >"$LAB_DIR/$name.c"
	"${CC:-cc}" -O1 -o "$LAB_DIR/bin/$name" "$LAB_DIR/$name.c" || lab_die "no compiler for $name"
}

# upgrade [PROGRAM]: gate25 upgrade by the program of this tree, or another; what it says goes to the log "upgrade".
upgrade() {
	lab_in gw "${1:-$LAB_DIR/bin/tool}" upgrade --config "$GATE_CONF" --run-dir "$GATE_RUN" >>"$LAB_DIR/log/upgrade" 2>&1
}

# upgraded N: N upgrades are done.
upgraded() { [ "$(gate_said_times 'upgrade .*done: version')" -ge "$1" ]; }
# status PATTERN: whether the status has it. drained: no process of an older program is left.
status() { lab_in gw "$LAB_DIR/bin/tool" status --run-dir "$GATE_RUN" --json | tr -d ' \n' | grep -q "$1"; }
drained() { status '"draining":{"programs":0,"workers":0}'; }

# counted LOG KEY: of load.py's last line. all_arrived LOG: whether the server got each mail that was taken.
counted() { python3 -c 'import json, sys; v = json.loads(sys.argv[2])[sys.argv[1]]; print(len(v) if isinstance(v, list) else v)' "$2" "$(tail -n 1 "$LAB_DIR/log/$1")"; }
lost() {
	python3 - "$LAB_DIR/log/$1" "$LAB_DIR/mails" <<'PY'
import json, pathlib, re, sys
taken = json.loads(pathlib.Path(sys.argv[1]).read_text().splitlines()[-1])["taken"]
have = []
for path in pathlib.Path(sys.argv[2]).iterdir():
    found = re.search(r"^Subject: (\S+)", path.read_text(errors="replace"), re.M)
    have.append(found and found.group(1))
print(len(set(taken) - set(have)))
PY
}
