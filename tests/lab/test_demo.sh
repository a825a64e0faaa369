#!/usr/bin/env bash
# The demo is true, and it is not true without the gate. (It has its own box, so this test needs none.)
# Long: it mostly waits.
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
failed=0

tell() {
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		failed=1
		echo "not ok - $2"
		sed 's/^/# /' "$out"
	fi
}

if [ "$(id -u)" -ne 0 ]; then
	printf '%s\n' "ok - the demo # SKIP needs root: several uids" 1..1
	exit 0
fi
tests/demo/demo >"$out" 2>&1
status=$?
if [ $status -eq 77 ]; then
	cat "$out"
	exit 77
fi
tell $status "the demo"
[ "$(grep -c '^  so ' "$out")" -ge 34 ]
tell $? "the demo states something"
grep -qE '^ +3 1 1 [0-9a-f]{64}: usable' "$out"
tell $? "and shows what gate25 explains of a TLSA record"
DEMO_WITHOUT_GATE=1 tests/demo/demo >"$out" 2>&1
[ $? -eq 1 ]
tell $? "the demo without interception fails"
# What holds of clear text holds there, too: each scene that speaks of the gate must be among the failures.
for scene in 1 2 3 4 5 6 8 9 10 11 12; do
	awk -v scene="$scene." '/^[0-9]+\./ { here = $1 == scene } here && /NOT SO/ { found = 1 } END { exit !found }' "$out"
	tell $? "scene $scene is untrue without interception"
done
echo "1..15"
exit $failed
