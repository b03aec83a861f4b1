#!/bin/sh
# The names under which git and the shell are called.
# Usage: links.sh DIRECTORY
set -eu
root=$1
mkdir -p "$root/usr/lib/git-core"
ln -sfn dash "$root/usr/bin/sh"
ln -sfn git-remote-http "$root/usr/lib/git-core/git-remote-https"
ln -sfn ../../bin/git "$root/usr/lib/git-core/git"
for name in git-upload-pack git-receive-pack; do
    ln -sfn git "$root/usr/bin/$name"
done
