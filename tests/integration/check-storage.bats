#!/usr/bin/env bats
# Checks of storage, on a control plane on which one thing after the other is broken.
# bats file_tags=long
# shellcheck disable=SC2034,SC2154
load check
thresholds='{stuckMinutes: 0}'

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

class() { # class NAME PROVISIONER [ANNOTATIONS] [MODE]
  make_it <<YAML
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: $1, annotations: {${3:-}}}, provisioner: $2,
 volumeBindingMode: ${4:-Immediate}}
YAML
}
default='storageclass.kubernetes.io/is-default-class: "true"'
claim() { # claim NAME CLASS
  make_it <<YAML
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: $1, namespace: default},
 spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: $2}}
YAML
}
volume() { # volume NAME PHASE [MESSAGE]
  make_it <<YAML
{apiVersion: v1, kind: PersistentVolume, metadata: {name: $1},
 spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: disk.example.org, volumeHandle: $1},
  claimRef: {namespace: shop, name: data}}}
YAML
  has_status pv "$1" "{\"phase\": \"$2\", \"message\": \"${3:-}\"}"
}
driver_on() { # driver_on NODE COUNT
  make_it <<YAML
apiVersion: storage.k8s.io/v1
kind: CSINode
metadata: {name: $1}
spec: {drivers: [{name: disk.example.org, nodeID: $1, topologyKeys: [], allocatable: {count: $2}}]}
YAML
}

@test "none, one and two default classes" {
  checks storage
  finds SB-STOR-01 warn '' 'no class is the default one, of 0' 'Install a CSI driver'
  only_fails
  class local kubernetes.io/no-provisioner
  checks storage
  finds SB-STOR-01 warn '' 'no class is the default one, of 1' 'is-default-class=true'
  kubectl annotate storageclass local storageclass.kubernetes.io/is-default-class=true >/dev/null
  checks storage
  passes SB-STOR-01 SB-STOR-02
  class other kubernetes.io/no-provisioner "$default"
  checks storage
  finds SB-STOR-01 warn '' '2 classes are the default one: local, other' 'Keep one'
  kubectl annotate storageclass other storageclass.kubernetes.io/is-default-class- >/dev/null
  checks storage
  passes SB-STOR-01
  unmake storageclass --all
}

@test "a provisioner without driver, with and without claims that wait for it" {
  class fast disk.example.org "$default"
  checks SB-STOR-*
  finds SB-STOR-02 warn 'StorageClass fast' 'there is no CSIDriver of that name' 'Install the driver disk.example.org'
  claim wants fast
  has_status pvc wants '{"phase": "Pending"}'
  checks SB-STOR-*
  finds SB-STOR-02 fail 'StorageClass fast' 'claims that wait for it: 1'
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/wants' 'provisioner disk.example.org of its class has not answered' SB-STOR-02
  make_it <<<'{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: disk.example.org}, spec: {attachRequired: true}}'
  checks SB-STOR-*
  finds SB-STOR-02 fail 'StorageClass fast' 'no node runs it' DaemonSet
  node one
  driver_on one 25
  checks SB-STOR-*
  passes SB-STOR-02 SB-STOR-03 SB-STOR-04
  unmake pvc --all
}

@test "a driver that is missing on a node, and a node that takes no more volumes" {
  node two
  checks storage
  finds SB-STOR-03 warn 'Node two' 'CSI driver disk.example.org does not run there, as it does on 1 of 2 nodes' 'spec.nodeName=two'
  kubectl taint node two node-role.kubernetes.io/control-plane=:NoSchedule >/dev/null
  checks storage
  passes SB-STOR-03
  kubectl taint node two node-role.kubernetes.io/control-plane- >/dev/null
  driver_on two 2
  for i in 1 2; do
    make_it <<YAML
{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a$i},
 spec: {attacher: disk.example.org, nodeName: two, source: {persistentVolumeName: v$i}}}
YAML
  done
  checks storage
  finds SB-STOR-04 fail 'Node two' '2 of 2 volumes of disk.example.org are attached'
  passes SB-STOR-03 SB-STOR-08
  kubectl patch volumeattachment a1 --subresource=status --type merge \
    -p '{"status": {"attached": false, "attachError": {"message": "disk is in another zone"}}}' >/dev/null
  unmake node two
  checks storage
  finds SB-STOR-08 fail 'VolumeAttachment a1' 'volume v1 cannot be attached to node two: disk is in another zone'
  finds SB-STOR-08 fail 'VolumeAttachment a2' 'on node two, which is not there any more' 'kubectl delete volumeattachment a2'
  unmake volumeattachment --all
  unmake csinode two
  checks storage
  passes SB-STOR-04 SB-STOR-08
}

@test "claims that are stuck, each for its reason" {
  claim nobody missing
  claim plain '""'
  class bound kubernetes.io/no-provisioner '' WaitForFirstConsumer
  claim patient bound
  claim told fast
  make_it <<'YAML'
{apiVersion: v1, kind: Event, metadata: {name: e1, namespace: default}, reason: ProvisioningFailed, type: Warning, count: 3,
 message: "the pool is full", involvedObject: {kind: PersistentVolumeClaim, namespace: default, name: told}}
YAML
  claim lost fast
  has_status pvc lost '{"phase": "Lost"}'
  checks storage
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/nobody' 'there is no StorageClass missing' 'Make the class missing'
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/plain' 'no volume that is there fits it' 'Make a PersistentVolume'
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/told' 'the pool is full' 'class fast'
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/lost' 'it is Lost' 'backup'
  counts SB-STOR-05 4
  make_it <<'YAML'
{apiVersion: v1, kind: Pod, metadata: {name: user, namespace: default}, spec: {containers: [{name: c, image: i}],
 volumes: [{name: v, persistentVolumeClaim: {claimName: patient}}]}}
YAML
  checks storage
  finds SB-STOR-05 fail 'PersistentVolumeClaim default/patient' 'no volume that is there fits it'
  unmake pod user
  unmake pvc --all
  checks storage
  passes SB-STOR-05
}

@test "mounts that fail while the pod waits" {
  make_it <<'YAML'
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: waits, namespace: default}, spec: {nodeName: one, containers: [{name: c, image: i}]}}
- {apiVersion: v1, kind: Event, metadata: {name: e2, namespace: default}, reason: FailedAttachVolume, type: Warning, count: 7,
   message: "Multi-Attach error", involvedObject: {kind: Pod, namespace: default, name: waits}}
YAML
  checks storage
  finds SB-STOR-06 fail 'Pod default/waits' 'FailedAttachVolume, 7 times' SB-STOR-08
  has_status pod waits '{"phase": "Running"}'
  checks storage
  passes SB-STOR-06
  unmake pod waits
}

@test "volumes that failed or are left over" {
  volume spare Released
  volume broken Failed 'delete: permission denied'
  checks storage
  finds SB-STOR-07 warn 'PersistentVolume spare' 'its claim shop/data is gone' 'kubectl delete pv spare'
  finds SB-STOR-07 fail 'PersistentVolume broken' 'permission denied' 'kubectl delete pv broken'
  unmake pv --all
  checks storage
  passes SB-STOR-07
  only_fails
}
