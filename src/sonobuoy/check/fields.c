#include "sonobuoy/check/fields.h"

#include <string.h>

/* --- what is kept ------------------------------------------------------------------------------------ */

#define META                                                                                                    \
    "metadata{name,namespace,uid,creationTimestamp,deletionTimestamp,finalizers,generation,labels,annotations," \
    "managedFields{apiVersion,manager},ownerReferences{apiVersion,kind,name,uid,controller}}"
/* Without labels and annotations, of what there is much of. */
#define LEAN "metadata{name,namespace,creationTimestamp,deletionTimestamp,finalizers,ownerReferences{kind,name,uid}}"
/* With what owner references name. */
#define LEAN_OWNER \
    "metadata{name,namespace,uid,creationTimestamp,deletionTimestamp,finalizers,ownerReferences{kind,name,uid}}"
#define CONTAINER                                                                                              \
    "{name,image,command,args,ports{name,containerPort,hostPort,protocol},resources{requests,limits},"         \
    "securityContext{privileged,allowPrivilegeEscalation,capabilities,runAsNonRoot,runAsUser,seccompProfile}," \
    "livenessProbe{periodSeconds},readinessProbe{periodSeconds},restartPolicy}"
#define CONTAINER_STATUS "{name,image,ready,restartCount,state,lastState{terminated{reason,exitCode,finishedAt}}}"
#define POD_SPEC                                                                                                   \
    "{nodeName,nodeSelector,hostNetwork,hostPID,hostIPC,serviceAccountName,automountServiceAccountToken,"          \
    "priorityClassName,restartPolicy,securityContext{runAsNonRoot,runAsUser,seccompProfile},tolerations,overhead," \
    "containers" CONTAINER ",initContainers" CONTAINER                                                             \
    ",volumes{name,hostPath{path},persistentVolumeClaim{claimName}}}"
#define TEMPLATE "template{metadata{labels},spec" POD_SPEC "}"

const SnapshotSource snapshot_sources[SNAPSHOT_KINDS] = {
    [SNAPSHOT_API_SERVICES] = {"apiregistration.k8s.io", "apiservices", NULL, META ",spec,status{conditions}"},
    [SNAPSHOT_CERTIFICATE_REQUESTS] = {"certificates.k8s.io", "certificatesigningrequests", NULL,
                                       LEAN ",spec{signerName,username},status{conditions}"},
    [SNAPSHOT_CERTIFICATES] = {"cert-manager.io", "certificates", NULL,
                               LEAN ",spec{secretName,dnsNames},status{conditions,notAfter,renewalTime}"},
    [SNAPSHOT_CLUSTER_ROLE_BINDINGS] = {"rbac.authorization.k8s.io", "clusterrolebindings", NULL,
                                        META ",roleRef,subjects"},
    [SNAPSHOT_CLUSTER_ROLES] = {"rbac.authorization.k8s.io", "clusterroles", NULL, META ",rules"},
    [SNAPSHOT_CONFIG_MAPS] = {"", "configmaps", NULL, LEAN, .metadata_only = true},
    [SNAPSHOT_CRDS] = {"apiextensions.k8s.io", "customresourcedefinitions", NULL,
                       META ",spec{group,names,scope,conversion{strategy,webhook},versions{name,served,storage,"
                            "deprecated}},status{conditions,storedVersions}"},
    [SNAPSHOT_CRON_JOBS] = {"batch", "cronjobs", NULL,
                            META ",spec{schedule,suspend,startingDeadlineSeconds,timeZone,concurrencyPolicy},status"},
    [SNAPSHOT_CSI_DRIVERS] = {"storage.k8s.io", "csidrivers", NULL, META ",spec"},
    [SNAPSHOT_CSI_NODES] = {"storage.k8s.io", "csinodes", NULL, LEAN ",spec"},
    [SNAPSHOT_DAEMON_SETS] = {"apps", "daemonsets", NULL, META ",spec{selector," TEMPLATE "},status"},
    [SNAPSHOT_DEPLOYMENTS] = {"apps", "deployments", NULL,
                              META ",spec{replicas,paused,progressDeadlineSeconds,selector," TEMPLATE "},status"},
    [SNAPSHOT_ENDPOINT_SLICES] = {"discovery.k8s.io", "endpointslices", NULL,
                                  "metadata{name,namespace,labels},addressType,endpoints{addresses,conditions,nodeName,"
                                  "zone,targetRef{kind,name}},ports{name,port,protocol}"},
    [SNAPSHOT_EVENTS] =
        {"", "events", NULL,
         "metadata{name,namespace,creationTimestamp},involvedObject{kind,namespace,name},reason,message,"
         "type,count,firstTimestamp,lastTimestamp,eventTime,series,source"},
    [SNAPSHOT_GATEWAY_CLASSES] = {"gateway.networking.k8s.io", "gatewayclasses", NULL,
                                  META ",spec{controllerName},status{conditions}"},
    [SNAPSHOT_GATEWAYS] = {"gateway.networking.k8s.io", "gateways", NULL, META ",spec,status{conditions,listeners}"},
    [SNAPSHOT_HPAS] = {"autoscaling", "horizontalpodautoscalers", NULL,
                       META ",spec{scaleTargetRef,minReplicas,maxReplicas},status{conditions,currentReplicas,"
                            "desiredReplicas}"},
    [SNAPSHOT_HTTP_ROUTES] = {"gateway.networking.k8s.io", "httproutes", NULL,
                              META ",spec{parentRefs,rules{backendRefs}},status{parents}"},
    [SNAPSHOT_INGRESS_CLASSES] = {"networking.k8s.io", "ingressclasses", NULL, META ",spec{controller}"},
    [SNAPSHOT_INGRESSES] = {"networking.k8s.io", "ingresses", NULL, META ",spec,status"},
    [SNAPSHOT_JOBS] = {"batch", "jobs", NULL, LEAN_OWNER ",spec{suspend,backoffLimit},status"},
    [SNAPSHOT_LEASES] = {"coordination.k8s.io", "leases", NULL,
                         "metadata{name,namespace,labels,creationTimestamp},spec"},
    [SNAPSHOT_LIMIT_RANGES] = {"", "limitranges", NULL, LEAN ",spec"},
    [SNAPSHOT_MUTATING_WEBHOOKS] = {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", NULL,
                                    META ",webhooks"},
    [SNAPSHOT_NAMESPACES] = {"", "namespaces", NULL, META ",spec{finalizers},status"},
    [SNAPSHOT_NETWORK_POLICIES] = {"networking.k8s.io", "networkpolicies", NULL, LEAN ",spec"},
    [SNAPSHOT_NODE_METRICS] = {"metrics.k8s.io", "nodes", NULL, "metadata{name},timestamp,window,usage"},
    [SNAPSHOT_NODES] = {"", "nodes", NULL,
                        META ",spec,status{addresses,allocatable,capacity,conditions,daemonEndpoints,nodeInfo,"
                             "volumesAttached}"},
    [SNAPSHOT_PDBS] = {"policy", "poddisruptionbudgets", NULL, META ",spec,status"},
    [SNAPSHOT_PODS] =
        {"", "pods", NULL,
         "metadata{name,namespace,creationTimestamp,deletionTimestamp,finalizers,labels,"
         "annotations{kubernetes.io/config.mirror},ownerReferences{kind,name,uid,controller}},spec" POD_SPEC
         ",status{phase,reason,message,qosClass,podIP,podIPs,hostIP,startTime,conditions{type,status,"
         "reason,message,lastTransitionTime},containerStatuses" CONTAINER_STATUS
         ",initContainerStatuses" CONTAINER_STATUS "}"},
    [SNAPSHOT_PVCS] = {"", "persistentvolumeclaims", NULL,
                       META ",spec{storageClassName,volumeName,accessModes,resources,volumeMode},status"},
    [SNAPSHOT_PVS] = {"", "persistentvolumes", NULL,
                      META ",spec{capacity,claimRef{namespace,name,uid},storageClassName,csi{driver,volumeHandle},"
                           "persistentVolumeReclaimPolicy,nodeAffinity,hostPath,local},status"},
    [SNAPSHOT_QUOTAS] = {"", "resourcequotas", NULL, LEAN ",spec,status"},
    [SNAPSHOT_REPLICA_SETS] = {"apps", "replicasets", NULL,
                               LEAN_OWNER ",spec{replicas},status{replicas,readyReplicas,conditions}"},
    [SNAPSHOT_ROLE_BINDINGS] = {"rbac.authorization.k8s.io", "rolebindings", NULL, LEAN ",roleRef,subjects"},
    [SNAPSHOT_ROLES] = {"rbac.authorization.k8s.io", "roles", NULL, LEAN ",rules"},
    [SNAPSHOT_ROOT_CAS] = {"", "configmaps", NULL, "metadata{name,namespace},data{ca.crt}",
                           "metadata.name=kube-root-ca.crt"},
    [SNAPSHOT_SECRETS] = {"", "secrets", NULL, LEAN, .metadata_only = true},
    [SNAPSHOT_SERVICE_ACCOUNTS] = {"", "serviceaccounts", NULL, LEAN, .metadata_only = true},
    [SNAPSHOT_SERVICE_CIDRS] = {"networking.k8s.io", "servicecidrs", NULL, LEAN ",spec,status"},
    [SNAPSHOT_SERVICES] = {"", "services", NULL, META ",spec,status"},
    [SNAPSHOT_STATEFUL_SETS] = {"apps", "statefulsets", NULL,
                                META ",spec{replicas,selector,serviceName," TEMPLATE "},status"},
    [SNAPSHOT_STORAGE_CLASSES] = {"storage.k8s.io", "storageclasses", NULL,
                                  META ",provisioner,volumeBindingMode,reclaimPolicy,allowVolumeExpansion,parameters"},
    [SNAPSHOT_TLS_SECRETS] = {"", "secrets", NULL, "metadata{name,namespace},type,data{tls.crt,ca.crt}",
                              "type=kubernetes.io/tls"},
    [SNAPSHOT_VALIDATING_WEBHOOKS] = {"admissionregistration.k8s.io", "validatingwebhookconfigurations", NULL,
                                      META ",webhooks"},
    [SNAPSHOT_VOLUME_ATTACHMENTS] = {"storage.k8s.io", "volumeattachments", NULL, META ",spec,status"},
};

/* --- the small language --------------------------------------------------------------------------------- */

struct Fields {
    char *key;
    GPtrArray *members; /* Fields; NULL: all of it */
};

void fields_free(Fields *fields) {
    if (!fields)
        return;
    if (fields->members)
        g_ptr_array_unref(fields->members);
    g_free(fields->key);
    g_free(fields);
}

/* The members up to a closing brace or the end. */
static GPtrArray *parse_members(const char **text) {
    GPtrArray *members = g_ptr_array_new_with_free_func((GDestroyNotify)fields_free);
    while (**text && **text != '}') {
        size_t length = strcspn(*text, ",{}");
        Fields *member = g_new0(Fields, 1);
        member->key = g_strndup(*text, length);
        *text += length;
        if (**text == '{') {
            (*text)++;
            member->members = parse_members(text);
            (*text)++;
        }
        g_ptr_array_add(members, member);
        *text += **text == ',';
    }
    return members;
}

Fields *fields_parse(const char *text) {
    Fields *fields = g_new0(Fields, 1);
    fields->members = parse_members(&text);
    return fields;
}

yyjson_mut_val *fields_copy(const Fields *fields, yyjson_val *value, yyjson_mut_doc *doc) {
    size_t index, count;
    yyjson_val *item;
    if (!fields->members)
        return yyjson_val_mut_copy(doc, value);
    if (yyjson_is_arr(value)) {
        yyjson_mut_val *copy = yyjson_mut_arr(doc);
        yyjson_arr_foreach(value, index, count, item) {
            yyjson_mut_arr_append(copy, fields_copy(fields, item, doc));
        }
        return copy;
    }
    if (!yyjson_is_obj(value))
        return yyjson_val_mut_copy(doc, value);
    yyjson_mut_val *copy = yyjson_mut_obj(doc);
    for (guint i = 0; i < fields->members->len; i++) {
        const Fields *member = fields->members->pdata[i];
        item = yyjson_obj_get(value, member->key);
        if (item)
            yyjson_mut_obj_add(copy, yyjson_mut_str(doc, member->key), fields_copy(member, item, doc));
    }
    return copy;
}
