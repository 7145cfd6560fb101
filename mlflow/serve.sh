#!/usr/bin/env bash
# Starts the tracking server. Settings: mlflow/server.env, or the same names in the environment;
# no arguments, so that none can open what the checks below keep shut.
#   mlflow/serve.sh            # http://127.0.0.1:5000, runs in ./workspace/mlflow.db
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  printf 'mlflow/serve.sh: %s\n' "$@" >&2
  exit 2
}
(($# == 0)) || refuse "found $*; it takes no arguments, put settings into mlflow/server.env"

# what the environment names wins over the file
while IFS='=' read -r name value; do
  [[ "$name" =~ ^[A-Z_]+$ ]] && [[ -z "${!name+set}" ]] && export "$name=$value"
done < mlflow/server.env

# these leave out the checks of Host and Origin
for name in MLFLOW_GUNICORN_OPTS MLFLOW_WAITRESS_OPTS; do
  [[ -z "${!name:-}" ]] || refuse "$name would switch off checks of Host and Origin; unset it"
done
[[ "${MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE:-false}" == false ]] ||
  refuse "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE would let any web page in; unset it"

if [[ ! "$MLFLOW_HOST" =~ ^(127(\.[0-9]{1,3}){3}|localhost|::1)$ ]]; then
  [[ "$FOODCLS_AUTH" == basic || "$FOODCLS_AUTH" == proxy ]] || refuse \
    "MLFLOW_HOST=$MLFLOW_HOST would let other machines in without a password." \
    "Keep 127.0.0.1, or set FOODCLS_AUTH=basic for MLflow's own users and passwords," \
    "or FOODCLS_AUTH=proxy where only a proxy that asks for passwords reaches this machine."
  [[ "${MLFLOW_SERVER_ALLOWED_HOSTS:-*}" != *'*'* ]] || refuse \
    "set MLFLOW_SERVER_ALLOWED_HOSTS to the names that people type, e.g. mlflow.example.org:5000;" \
    "without them a web page elsewhere could speak to this server by a name of its own."
fi

options=()
case "$FOODCLS_AUTH" in
  off | proxy) ;;
  basic)
    # MLflow creates the first user of an empty store, and needs to know who that is
    : "${MLFLOW_AUTH_ADMIN_USERNAME:=admin}"
    [[ -n "${MLFLOW_AUTH_ADMIN_PASSWORD:-}" || -n "${MLFLOW_AUTH_CONFIG_PATH:-}" ]] || refuse \
      "FOODCLS_AUTH=basic: put a password of 12 characters or more for the first user," \
      "$MLFLOW_AUTH_ADMIN_USERNAME, into the environment as MLFLOW_AUTH_ADMIN_PASSWORD."
    # forms are signed with it; workers share it, and a restart may have another
    : "${MLFLOW_FLASK_SERVER_SECRET_KEY:=$(head -c 32 /dev/urandom | base64)}"
    # a route that MLflow has no rule for is shut, not open
    : "${MLFLOW_BASIC_AUTH_FAIL_CLOSED:=true}"
    if [[ -z "${MLFLOW_AUTH_CONFIG_PATH:-}" ]]; then
      MLFLOW_AUTH_CONFIG_PATH="$PWD/workspace/mlflow-auth.ini"
      mkdir -p workspace
      (umask 077 && printf '[mlflow]\ndatabase_uri = %s\ndefault_permission = %s\n' \
        "${FOODCLS_USERS//%/%%}" "$FOODCLS_PERMISSION" > "$MLFLOW_AUTH_CONFIG_PATH")
    fi
    export MLFLOW_AUTH_ADMIN_USERNAME MLFLOW_FLASK_SERVER_SECRET_KEY \
      MLFLOW_BASIC_AUTH_FAIL_CLOSED MLFLOW_AUTH_CONFIG_PATH
    options=(--app-name basic-auth)
    ;;
  *) refuse "FOODCLS_AUTH=$FOODCLS_AUTH; allowed: off, basic, proxy" ;;
esac

mlflow="$([[ -x .venv/bin/mlflow ]] && echo .venv/bin/mlflow || echo mlflow)"
# addresses and passwords stay in the environment: arguments can be read by all users of a machine
exec "$mlflow" server --serve-artifacts "${options[@]}"
