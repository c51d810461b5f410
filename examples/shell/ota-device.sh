#!/bin/sh
# A whole device in POSIX shell, for Linux gadgets with mosquitto_sub, mosquitto_pub, curl and jq.
# It ends with 0 when an upgrade has to be started: whatever starts it (init, systemd) starts it again.
set -eu

: "${OTA_DEVICE_ID:?}" "${OTA_BROKER:?}" "${OTA_VERSION:?}"
cd "${OTA_FOLDER:-.}"
KIND=${OTA_KIND:-firmware}
TOPIC="${OTA_PREFIX:-\$oc/devices}/$OTA_DEVICE_ID/sys/events"
TRIES=${OTA_TRIES:-20}
FIRST_WAIT=${OTA_FIRST_WAIT:-1}
BAD_ANSWERS=3
job=

main() {
  umask 077
  boot
  prepare_client
  rm -f inbox
  mkfifo inbox
  # Open for both: reading never meets an end, and writing never waits.
  exec 3<>inbox
  listen >&3 3>&- &
  listener=$!
  trap 'kill "$listener"' EXIT
  while [ ! -e staged ] && read -r line <&3; do
    case $line in
      "Subscribed (mid:"*) come_online ;;
      "mqtt "*) receive "${line#mqtt }" ;;
      ended) [ ! -e ended ] || finish ;;
    esac
  done
}

# Run what was staged; whatever a power cut interrupts here goes on at the next start.
boot() {
  [ -e version ] || keep version "$OTA_VERSION"
  [ -e staged ] || return 0
  [ ! -e image.new ] || mv image.new image.bin
  mv staged version
  rm -f upgrade
  keep result "$(report_of 0 'upgrade success' 100)"
}

# In a file, for everybody may read command lines.
prepare_client() {
  mkdir -p client
  {
    printf '%s\n' "-h $OTA_BROKER" "-p ${OTA_PORT:-1883}" "-q 1"
    [ -z "${OTA_USERNAME:-}" ] || printf '%s\n' "-u $OTA_USERNAME" "-P ${OTA_PASSWORD:-}"
    [ -z "${OTA_BROKER_CA:-}" ] || printf '%s\n' "--cafile $OTA_BROKER_CA"
  } >client/mosquitto_pub
  cp client/mosquitto_pub client/mosquitto_sub
  export XDG_CONFIG_HOME="$PWD/client"
}

# Tell the main loop of every subscription and of every message, one line each.
listen() {
  trap 'kill "$client"; exit' TERM
  while :; do
    stdbuf -oL mosquitto_sub -d -k 60 -t "$TOPIC/down" -F 'mqtt %p' &
    client=$!
    wait "$client" || sleep 5
  done
}

come_online() {
  report_version
  send_result
  [ -n "$job" ] || begin
}

receive() {
  # What is no event for this device is none of our business.
  printf '%s' "$1" | jq -r --arg id "$OTA_DEVICE_ID" '
    objects | select((.object_device_id // $id) == $id) | .services | arrays | .[] | objects
    | select(.service_id == "$ota") | (.event_type | tojson), ([.paras | objects][0] // {} | tojson)
  ' >events 2>/dev/null || return 0
  while read -r event && read -r paras; do
    case $event in
      '"version_query"') report_version ;;
      '"firmware_upgrade"' | '"software_upgrade"') command_of "$event" "$paras" ;;
    esac
  done <events
}

# Keep a command before it is begun, so that a restart cannot lose it.
command_of() {
  problem=$(printf '%s' "$2" | jq -r '
    def text(limit): type == "string" and length <= limit and test("^[!#-\\[\\]-~]+$");
    if (.url | text(2048) and test("^https?://[^/]")) | not then "255 Invalid URI"
    elif (.file_size | type == "number" and . >= 1 and . == floor) | not then "255 file_size is no number of bytes"
    elif (.sign | type == "string" and test("^[0-9a-fA-F]{64}$")) | not then "7 sign is no SHA-256"
    elif (.version | text(256)) | not then "255 version is missing or malformed"
    elif (.access_token | text(512)) | not then "255 access_token is missing or malformed"
    else empty end')
  wanted=$(printf '%s' "$2" | jq -c '{version, sign}')
  if [ "$1" != "\"${KIND}_upgrade\"" ]; then
    problem="8 this device has none of its own"
  elif [ -n "$problem" ]; then
    :
  elif [ -e upgrade ] && [ "$(jq -c '{version, sign}' upgrade)" != "$wanted" ]; then
    problem="1 busy with $(jq -r .version upgrade)"
  elif [ "$(printf '%s' "$2" | jq -r .version)" = "$(cat version)" ]; then
    problem="3 runs already"
  fi
  if [ -n "$problem" ]; then
    publish "$(report_of "${problem%% *}" "${problem#* }")" || note "refusal not sent"
    return 0
  fi
  rm -f result
  keep upgrade "$2"
  [ -n "$job" ] || begin
}

# Download in the background; the end is told through the inbox.
begin() {
  [ -e upgrade ] || return 0
  note "upgrading to $(jq -r .version upgrade)"
  rm -f ended
  (
    set +e
    trap - EXIT
    download
    keep ended "$?"
    echo ended >&3
  ) &
  job=$!
}

finish() {
  wait "$job"
  job=
  if [ "$(cat ended)" = 0 ]; then
    publish "$(report_of 0 restarting 100)" || note "progress not sent"
    mv package.part image.new
    jq -r .version upgrade >staged.new
    mv staged.new staged
  else
    keep result "$(report_of "$(cat ended)" "$(cat reason)")"
    note "failed: $(cat reason)"
    rm -f upgrade
    send_result
  fi
  rm -f ended
}

# Returns 0 with the verified package in package.part, or the code to report, with the reason told.
download() {
  size=$(jq -r .file_size upgrade) sign=$(jq -r '.sign | ascii_downcase' upgrade)
  # The bytes of an earlier attempt are worth something for the same package only.
  [ "$(cat part.sign 2>/dev/null)" = "$sign" ] || discard
  keep part.sign "$sign"
  pieced=$(stored)
  fetch || return
  has_hash "$sign" && return
  if [ "$pieced" != 0 ]; then
    # Pieces of different files may have met: once more, in one piece.
    discard
    fetch || return
    has_hash "$sign" && return
  fi
  discard
  because 7 "SHA-256 differs"
}

# Ask until every byte is there, or patience ends: only a new mark counts as progress.
fetch() {
  tries=0 bad=0 mark=$(stored)
  while [ "$(stored)" != "$size" ]; do
    [ "$(stored)" = 0 ] || pieced=1
    request || return
    [ "$(stored)" -le "$mark" ] || { mark=$(stored) && tries=0; }
    tries=$((tries + 1))
    [ "$tries" -le "$TRIES" ] && [ "$bad" -le "$BAD_ANSWERS" ] || { because "$code" "$reason"; return; }
    [ "$(stored)" = "$size" ] || sleep "$(awk "BEGIN { w = $FIRST_WAIT * 2 ^ ($tries - 1); print (w < 60 ? w : 60) }")"
  done
}

# One request for what is missing. Fails only when asking again is useless.
request() {
  start=$(stored) result=0 code=6
  [ "$start" != 0 ] || rm -f etag
  {
    jq -r '"url = \"\(.url)\"", "header = \"Authorization: Bearer \(.access_token)\""' upgrade
    [ ! -s etag ] || printf 'header = "If-Range: %s"\n' "$(sed 's/"/\\"/g' etag)"
    [ -z "${OTA_CA:-}" ] || printf 'cacert = "%s"\n' "$OTA_CA"
  } >request
  # curl itself refuses to append what does not continue the file.
  status=$(curl --config request --silent --show-error --fail --no-buffer --continue-at - \
    --globoff --path-as-is --proto '=http,https' --max-filesize "$size" --connect-timeout 30 \
    --speed-limit 1 --speed-time 30 --dump-header head --output package.part \
    --write-out '%{http_code}' 2>curl.log) || result=$?
  reason="Connection lost: $(head -n 1 curl.log)"
  case $result/$status in
    0/200 | 0/206 | 18/* | 28/20? | 56/20?)
      [ "$start$status" != 0206 ] && [ "$(stored)" -le "$size" ] || bad_answer "depot sent a wrong part"
      [ "$status" != 200 ] || sed -n 's/^[Ee][Tt][Aa][Gg]: *\("[!#-~]*"\).*/\1/p' head >etag
      [ "$result" != 0 ] || [ "$(stored)" = "$size" ] || bad_answer "depot has another size"
      ;;
    0/416 | 22/416 | 33/* | 36/* | 63/*) bad_answer "depot does not go on from byte $start" ;;
    22/408 | 22/429 | 22/5??) reason="Connection lost: depot answered $status" ;;
    22/404 | 22/410) because 255 "Invalid URI: depot answered $status" ;;
    */3??) discard && because 255 "Invalid URI: depot answered $status" ;;
    22/*) because 255 "depot refused the download: $status" ;;
    23/*) because 5 "no room for the package" ;;
    60/* | 77/*) code=255 reason="certificate is not trusted" ;;
  esac
}

# What is stored may not fit, either.
bad_answer() {
  reason=$1 bad=$((bad + 1)) mark=0
  discard
}

because() {
  keep reason "$2"
  return "$1"
}

stored() {
  if [ -e package.part ]; then wc -c <package.part | tr -d ' '; else echo 0; fi
}

has_hash() {
  [ "$(sha256sum package.part | cut -d ' ' -f 1)" = "$1" ]
}

discard() {
  rm -f package.part etag
}

# Change a file in one step, whenever the power goes.
keep() {
  printf '%s\n' "$2" >"$1.new"
  mv "$1.new" "$1"
}

report_version() {
  name=fw_version
  [ "$KIND" = firmware ] || name=sw_version
  publish "$(jq -nc --arg name "$name" --arg version "$(cat version)" \
    '{services: [{service_id: "$ota", event_type: "version_report", paras: {($name): $version}}]}')" ||
    note "version not sent"
}

# report_of CODE DESCRIPTION [PERCENT]: the version is always what runs now.
report_of() {
  jq -nc --argjson code "$1" --arg words "$2" --argjson percent "${3:-null}" --arg version "$(cat version)" '
    {result_code: $code, version: $version, description: $words}
    + (if $percent then {progress: $percent} else {} end)
    | {services: [{service_id: "$ota", event_type: "upgrade_progress_report", paras: .}]}'
}

# A result is due until the broker has it.
send_result() {
  [ -e result ] || return 0
  if publish "$(cat result)"; then rm -f result; fi
}

publish() {
  mosquitto_pub -t "$TOPIC/up" -m "$1"
}

note() {
  printf '%s\n' "$1" >&2
}

main
