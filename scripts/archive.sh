#!/usr/bin/env bash
# Packs a folder so that its bytes depend on nothing but the files: their names, contents, and whether they can be executed.
# Usage: scripts/archive.sh FOLDER ARCHIVE.tar.gz       (SOURCE_DATE_EPOCH is the time of every file; 0 unless given)
set -euo pipefail

folder=$1 archive=$2
umask 022
tar --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --mtime="@${SOURCE_DATE_EPOCH:-0}" --directory "$(dirname "$folder")" -- "$(basename "$folder")" |
    gzip --no-name --best >"$archive.new"
mv -f "$archive.new" "$archive"
