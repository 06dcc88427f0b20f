/* What credentials.c shares with its tests and fuzzers. */
#pragma once

#include "kube/credentials.h"

/* What a plugin answered. */
typedef struct {
    char *token;              /* NULL: none */
    char *cert_pem, *key_pem; /* both or none */
    gint64 expires_at;        /* wall clock microseconds; 0: never */
} KubeExecAnswer;
void kube_exec_answer_clear(KubeExecAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KubeExecAnswer, kube_exec_answer_clear)

/* Reads an ExecCredential of the plugin's version; UNAUTHORIZED, with what is wrong, for anything else. */
bool kube_exec_answer_parse(const char *text, size_t length, const KubeExec *exec, KubeExecAnswer *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
