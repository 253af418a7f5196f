#!/bin/bash
# unpack-kea.sh SUITE FOLDER [EXTRA-SUITE]: a newer Kea beside the system.
#
#   unpack-kea.sh trixie FOLDER                    Kea 2.6
#   unpack-kea.sh trixie FOLDER trixie-backports   Kea 3.0, with host_cmds
#
# Downloads the packages with everything that they need (apt, its own
# configuration and an empty package status) and unpacks them. Nothing on the
# system changes. FOLDER/run PROGRAM ARGUMENTS... starts a program with its own
# loader and libraries: no chroot, no root.
#
# FOLDER appears when it is whole: it is made beside its place, and one that an
# interrupted run left there is thrown away. A second call waits for the first.
set -eu
suite=$1 whole=$2 extra=${3:-}
mkdir -p "$(dirname "$whole")"
exec 9>"$whole.lock"
flock 9
[ ! -x "$whole/run" ] || exit 0
folder=$whole.new
rm -rf "$whole" "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work" "$folder"' EXIT
mkdir -p "$work"/etc/apt.conf.d "$work"/state/lists/partial "$work"/cache/archives/partial "$folder"
# The mirror that the system itself uses.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 !~ /security|updates|backports/ && $1 ~ /debian\/?$/ { print $1; exit }')
for s in $suite $extra; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $s main"
done >"$work/etc/sources.list"
: >"$work/status"
cat >"$work/apt.conf" <<END
Dir "$work";
Dir::Etc "$work/etc";
Dir::Etc::sourcelist "$work/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$work/state";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "0";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
END
export APT_CONFIG=$work/apt.conf
apt-get -qq update
apt-get -qq -y --download-only ${extra:+-t "$extra"} install \
    kea-dhcp4-server kea-ctrl-agent libc-bin >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
# The merged layout first, so that every package unpacks into it.
mkdir -p "$folder"/usr/bin "$folder"/usr/sbin "$folder"/usr/lib "$folder"/usr/lib64
for d in bin sbin lib lib64; do
    [ -e "$folder/$d" ] || ln -s "usr/$d" "$folder/$d"
done
for package in "$work"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$folder"
done
cat >"$folder/run" <<'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
program=$1
shift
export KEA_HOOKS_PATH="$root/usr/lib/x86_64-linux-gnu/kea/hooks"
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" \
    "$root/usr/sbin/$program" "$@"
END
chmod +x "$folder/run"
"$folder/run" kea-dhcp4 -v >/dev/null
mv "$folder" "$whole"
