#!/bin/sh
# Builds every image: deploy/docker/build-images.sh RENDERED REPOSITORY TAG
# RENDERED is what "npm run render -- --env NAME --out RENDERED" wrote: the gateway image holds its bootstraps.
set -eu
if [ $# -ne 3 ]; then
  echo "usage: $0 RENDERED REPOSITORY TAG" >&2
  exit 2
fi
if [ ! -f "$1/bootstrap/edge.yaml" ] || [ ! -f "$1/bootstrap/jobs.yaml" ]; then
  echo "$1/bootstrap has no edge.yaml and jobs.yaml: npm run render -- --env NAME --out $1" >&2
  exit 1
fi
bootstraps=$(cd "$1/bootstrap" && pwd)
cd "$(dirname "$0")/../.."
services=$(for manifest in services/*/manifest.ts; do basename "$(dirname "$manifest")"; done)
for image in $services control-plane; do
  docker build --file deploy/docker/services.Dockerfile --build-arg "SERVICE=$image" --tag "$2/$image:$3" .
done
docker build --file deploy/docker/gateway.Dockerfile --build-context "bootstraps=$bootstraps" --tag "$2/gateway:$3" .
