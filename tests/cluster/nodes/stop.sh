# shellcheck shell=bash
# How a node cluster is known by, and how it is taken away, whatever state it is in.
#
# Every process but those in containers has CLUSTER_RUN=$RUN in its environment; containers end with the
# process namespace that they are in. Mounts and the links between machines end with the namespaces too. What is
# left to remove: the link to this machine, known by its address, control groups, known by name, and the folder.

# 10 hexadecimal digits that no other $RUN has.
cluster_id() { printf %s "$RUN" | sha256sum | cut -c1-10; }

# The hardware address of this machine's end of the link.
link_address() { cluster_id | sed -E 's/(..)(..)(..)(..)(..)/02:\1:\2:\3:\4:\5/'; }

# The control groups of a cluster: one a hierarchy of version 1, or one of version 2.
cluster_groups() {
  local group
  for group in /sys/fs/cgroup/"seaworthy-$(cluster_id)" /sys/fs/cgroup/*/"seaworthy-$(cluster_id)"; do
    [ ! -d "$group" ] || echo "$group"
  done
}

# The link's name where it is there.
cluster_link() { ip -o link show 2>/dev/null | sed -n "s/^[0-9]*: \(seaworthy-[0-9]*\)@.*link\/ether $(link_address) .*/\1/p"; }

groups_gone() {
  local group
  # The last processes of a group may still be on their way out.
  while IFS= read -r group; do
    find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done < <(cluster_groups)
  [ -z "$(cluster_groups)" ]
}

# What is left of nodes whose processes have ended
stop_nodes() {
  local link
  link=$(cluster_link)
  [ -z "$link" ] || ip link delete "$link" 2>/dev/null || true # it goes by itself when its other end is gone
  tries groups_gone
}
