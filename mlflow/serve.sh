#!/usr/bin/env bash
# Starts the tracking server. Settings: mlflow/server.env, or the same names in the environment.
#   mlflow/serve.sh            # http://127.0.0.1:5000, runs in ./workspace/mlflow.db
set -euo pipefail
cd "$(dirname "$0")/.."

# what the environment names wins over the file
while IFS='=' read -r name value; do
  [[ "$name" =~ ^[A-Z_]+$ ]] && [[ -z "${!name+set}" ]] && export "$name=$value"
done < mlflow/server.env

if [[ ! "$MLFLOW_HOST" =~ ^(127\.|localhost$|::1$) ]]; then
  echo "mlflow/serve.sh: MLFLOW_HOST=$MLFLOW_HOST would let other machines in without a password." >&2
  echo "Keep 127.0.0.1 and put a proxy that asks for one in front of it." >&2
  exit 2
fi
mlflow="$([[ -x .venv/bin/mlflow ]] && echo .venv/bin/mlflow || echo mlflow)"
exec "$mlflow" server \
  --host "$MLFLOW_HOST" --port "$MLFLOW_PORT" \
  --backend-store-uri "$FOODCLS_BACKEND_STORE" \
  --artifacts-destination "$FOODCLS_ARTIFACTS" --serve-artifacts \
  "$@"
