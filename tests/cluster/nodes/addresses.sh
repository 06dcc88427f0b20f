# shellcheck shell=bash disable=SC2034
# Addresses of a node cluster: a /20 of 198.18.0.0/15, the range that is kept for tests of networks, so that
# nobody's real addresses are in the way. 32 clusters of up to 7 nodes can stand side by side.

# addresses INDEX: sets what follows; INDEX is 0 to 31.
addresses() {
  local prefix=198.$((18 + $1 / 16)) third=$(($1 % 16 * 16))
  block=$prefix.$third.0/20
  pods=$prefix.$third.0/21
  services=$prefix.$((third + 8)).0/22
  api_service=$prefix.$((third + 8)).1
  dns_service=$prefix.$((third + 8)).10
  machines=$prefix.$((third + 15)) # three of its four numbers
  control_plane=$machines.1
  this_machine=$machines.254 # its end of the link
  pods_prefix=$prefix pods_third=$third
}

node_address() { echo "$machines.$((10 + $1))"; }

# pods_of N: the range that node N gives its pods addresses from
pods_of() { echo "$pods_prefix.$((pods_third + $1)).0/24"; }
