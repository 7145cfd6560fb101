#!/usr/bin/env bash
# Puts ONNX Runtime's C++ headers into /usr/local/include: those of Debian 13's package
# libonnxruntime-dev, for a Debian whose own release has none. The library itself comes with
# `pip install onnxruntime`, whose package has no headers; a newer one still has their API.
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
# where this machine takes its packages from
source=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
  grep -v security | head -n 1)
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $source trixie main" > "$place/next.list"
# lists of its own, so that nothing else is ever installed from there
own=(-o Dir::Etc::SourceList="$place/next.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists="$place/lists" -o Dir::Cache="$place/cache" -o APT::Sandbox::User=root)
mkdir -p "$place/lists/partial" "$place/cache/archives/partial" "$place/package"
apt-get "${own[@]}" update -qq
cd "$place/package"
apt-get "${own[@]}" download -qq libonnxruntime-dev
dpkg -x libonnxruntime-dev_*.deb .
mkdir -p /usr/local/include
cp -r usr/include/onnxruntime /usr/local/include/
