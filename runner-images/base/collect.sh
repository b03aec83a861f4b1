#!/bin/sh
# Gathers programs with exactly the shared libraries that they load, so that an image holds nothing else.
# Usage: collect.sh DIRECTORY PROGRAM...
#
# Responsible for: copying, and the few files that every image has (certificates, users, name services). The same script runs in
# the public build, inside of Debian, and on a Debian machine without a registry. Never runs what it copies.
set -eu

root=$1
shift

# copy FILE: under its own name, following links on the way.
copy() {
    mkdir -p "$root$(dirname "$1")"
    [ -e "$root$1" ] || cp -L "$1" "$root$1"
}

# A merged /usr, as Debian has it: libraries are found under both names.
mkdir -p "$root/var/lib/dpkg/status.d" "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for name in bin sbin lib lib64; do
    ln -sfn "usr/$name" "$root/$name"
done

for program; do
    copy "$program"
    # A static program has no libraries, and ldd says so by failing.
    { ldd "$program" 2>/dev/null || true; } | grep -o '/[^ ]*' | sort -u | while read -r library; do
        copy "$library"
    done
done

# What our own programs load besides the C library.
copy "$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p | sed -n 's/.*libgcc_s\.so\.1 .* => //p' | head -n 1)"
copy /etc/ssl/certs/ca-certificates.crt
# Whose packages they are: without it, nobody can tell which of them have known weaknesses.
copy /etc/os-release
mkdir -p "$root/etc" "$root/opt" "$root/var" "$root/root" "$root/home/job" "$root/tmp" "$root/proc" "$root/sys" "$root/dev"
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\njob:x:10001:10001:job:/home/job:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\njob:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# The packages that the files are from, where scanners of images look for packages that were not installed. Debian knows some files by
# their old name, without /usr.
find "$root/usr" "$root/etc" -type f | sed "s|^$root||; p; s|^/usr||" |
    xargs dpkg-query --search 2>/dev/null | sed 's/: .*//' | sort -u >"$root/var/lib/dpkg/packages" || true
while read -r package; do
    dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/${package%%:*}"
done <"$root/var/lib/dpkg/packages"
rm "$root/var/lib/dpkg/packages"
