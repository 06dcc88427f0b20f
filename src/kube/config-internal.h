/* What the files of this folder, its tests and its fuzzers share of the configuration. */
#pragma once

#include "kube/config.h"

/* A whole file of configuration or credentials, with a NUL behind it. `length` may be
 * NULL. The code of errno; LIMIT past 16 MiB. */
char *kube_read_file(const char *path, size_t *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a value may stand in a header: no control characters but the tab. */
bool kube_is_header_value(const char *text);

/* As kube_config_load(), from one file's text; `path` is where it stands. */
KubeConfig *kube_config_parse(const char *text, size_t length, const char *path, const char *context, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* In a pod; `dir` has the service account's token, ca.crt and namespace. */
KubeConfig *kube_config_in_cluster(const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
