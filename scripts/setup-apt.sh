# The packaging half of scripts/setup: install what is missing, from this release
# where it has it, else from the next one by an apt configuration of our own.
# shellcheck shell=bash disable=SC2154  # cache: set by scripts/setup

# Where the release has no package, or one too old, this one has it.
next_release() {
  case $1 in
    bookworm) echo trixie ;;
    noble) echo resolute ;; # not tested
    *) echo "$1" ;;
  esac
}

# package=oldest version that will do, for packages whose age matters
oldest_version() {
  case $1 in
    libyyjson0 | libyyjson-dev) echo 0.9 ;;
    *) echo 0 ;;
  esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "scripts/setup: needs root or sudo for: $*" >&2
    return 1
  fi
}

# Those of the named packages that are not installed, one a line.
missing_packages() {
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
  printf '%s\n' "$@" | grep -vxF "${have:-none}" || true
}

# candidate PACKAGE [APT-OPTIONS...]: the version that apt would install
candidate() {
  apt-cache "${@:2}" policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p'
}

# release_has PACKAGE [APT-OPTIONS...]: does this release have it, new enough?
release_has() {
  local version
  version=$(candidate "$@")
  [ -n "$version" ] && [ "$version" != "(none)" ] && dpkg --compare-versions "$version" ge "$(oldest_version "$1")"
}

install_packages() {
  local missing here=() later=() package folder updated=
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  for package in "${missing[@]}"; do
    if ! release_has "$package" && [ -z "$updated" ]; then
      as_root apt-get update -q
      updated=yes
    fi
    if release_has "$package"; then here+=("$package"); else later+=("$package"); fi
  done
  echo "scripts/setup: installing ${missing[*]}" >&2
  if [ "${#here[@]}" -gt 0 ]; then
    # A list that is too old names files that are gone: refresh it once.
    apt_install "${here[@]}" || { as_root apt-get update -q && apt_install "${here[@]}"; }
  fi
  if [ "${#later[@]}" -gt 0 ]; then
    folder=$(download "${later[@]}")
    as_root dpkg -i "$folder"/*.deb
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends --no-remove "$@"
}

# download PACKAGE...: prints the folder that holds exactly these .deb files.
download() {
  local folder=$cache/debs/$1 package options=()
  rm -rf "$folder"
  mkdir -p "$folder"
  for package in "$@"; do
    if ! release_has "$package"; then
      mapfile -t options < <(own_apt)
    fi
  done
  (cd "$folder" && apt-get "${options[@]}" -q download "$@" >&2)
  echo "$folder"
}

# Makes an apt configuration for the next release out of the machine's sources of
# this one, fetches its lists, and prints apt's options for it, one a line.
own_apt() {
  local codename next folder file options
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  next=$(next_release "$codename")
  folder=$cache/apt-$next
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/sources.d"
  rm -f "$folder/sources.d"/*
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    sources_for "$codename" "$next" <"$file" >"$folder/sources.d/${file##*/}"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    sed -nE "s/^(deb +(\[[^]]*\] +)?[^ ]+ +)$codename( +main.*)/\1$next\3/p" "$file" >"$folder/sources.d/own-${file##*/}"
  done
  find "$folder/sources.d" -empty -delete
  [ -d "$folder/sources.d" ] || {
    echo "scripts/setup: no apt source of $codename to derive one of $next from" >&2
    return 1
  }
  options=(-o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Dir::Etc::sourcelist=/dev/null
    -o "Dir::Etc::sourceparts=$folder/sources.d" -o APT::Sandbox::User=root)
  # A third party's source may not have the next release: what counts is whether the download works.
  apt-get "${options[@]}" -q update >&2 || true
  printf '%s\n' "${options[@]}"
}

# Copies the deb822 stanzas of one release's main archive, for another release.
sources_for() {
  awk -v from="$1" -v to="$2" '
    function flush(  i, suites) {
      if (count && wanted && main && enabled)
        for (i = 1; i <= count; i++) print line[i]
      if (count && wanted && main && enabled) print ""
      count = 0; wanted = main = 0; enabled = 1
    }
    BEGIN { enabled = 1 }
    /^[[:space:]]*$/ { flush(); next }
    /^#/ { next }
    tolower($1) == "suites:" {
      for (i = 2; i <= NF; i++) if ($i == from) wanted = 1
      line[++count] = "Suites: " to; next
    }
    tolower($1) == "components:" { for (i = 2; i <= NF; i++) if ($i == "main") main = 1 }
    tolower($1) == "enabled:" && tolower($2) == "no" { enabled = 0 }
    tolower($1) == "types:" { line[++count] = "Types: deb"; next }
    { line[++count] = $0 }
    END { flush() }'
}

# unpack_into FOLDER PACKAGE...: the packages' files in a folder; nothing is installed.
unpack_into() {
  local into=$1 folder deb
  shift
  folder=$(download "$@")
  rm -rf "$into.new"
  mkdir -p "$into.new"
  for deb in "$folder"/*.deb; do
    dpkg-deb -x "$deb" "$into.new"
  done
  rm -rf "$into"
  mv "$into.new" "$into"
}

# sysroot_into FOLDER ARCHITECTURE PACKAGE...: packages of another architecture and all that they need, in a folder. The
# machine's own apt learns nothing of that architecture.
sysroot_into() {
  local into=$1 architecture=$2 here=() later=() package deb state=$cache/apt-$2 options next
  shift 2
  rm -rf "$state" "$into.new"
  mkdir -p "$state/state" "$state/lists/partial" "$state/cache/archives/partial" "$into.new"
  touch "$state/status"
  options=(-q -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture" -o "Dir::State=$state/state"
    -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=root)
  # Sources of third parties may not have the architecture: what counts is whether the download works.
  apt-get "${options[@]}" update >&2 || true
  for package in "$@"; do
    if release_has "$package" "${options[@]}"; then here+=("$package"); else later+=("$package"); fi
  done
  apt-get "${options[@]}" -y --no-install-recommends --download-only install "${here[@]}" >&2
  if [ "${#later[@]}" -gt 0 ]; then
    mapfile -t next < <(own_apt)
    apt-get "${options[@]}" "${next[@]}" update >&2 || true
    (cd "$state/cache/archives" && apt-get "${options[@]}" "${next[@]}" download "${later[@]}" >&2)
  fi
  for deb in "$state"/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$into.new"
  done
  rm -rf "$into" "$state"
  mv "$into.new" "$into"
}

# A Go toolchain in a folder, not installed: newer ones come by GOTOOLCHAIN=auto
# from the module proxy where a module asks for them.
go_into() {
  echo "scripts/setup: fetching Go into the cache" >&2
  unpack_into "$1" golang-1.24-go golang-1.24-src
}
