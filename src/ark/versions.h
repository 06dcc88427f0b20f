/* Which of the API versions of a backup is restored, where it holds several of a kind.
 * Source: Velero's feature EnableAPIGroupVersions, "Restore API group version by priority level". */
#pragma once

#include "ark/index.h"
#include "kube/discovery.h"

/* What a user wants first, of the ConfigMap enableapigroupversions in Velero's namespace, key
 * restoreResourcesVersionPriority: lines "rockbands.music.example.io=v2,v1". */
typedef GHashTable ArkVersionPriorities; /* group resource -> GStrv */

/* NULL without an error where there is no such ConfigMap, or no right to read it. */
ArkVersionPriorities *ark_versions_read(KubeClient *client, const KubeDiscovery *discovery, const char *namespace_,
                                        GError **error);
/* Lines without "=" are passed over, as Velero does. */
ArkVersionPriorities *ark_versions_parse(const char *text);

/* For each kind that is stored in several versions the first of these that both the backup and the
 * cluster have: the user's, the cluster's preferred, the preferred one of the cluster backed up, the
 * highest. Else the backup's preferred one stays. priorities may be NULL. */
void ark_versions_choose(ArkIndex *index, const KubeDiscovery *discovery, ArkVersionPriorities *priorities);

/* Kubernetes' order of versions, the highest first: v2, v1, v1beta1, v1alpha1, others by name. */
int ark_versions_compare(const char *a, const char *b);
