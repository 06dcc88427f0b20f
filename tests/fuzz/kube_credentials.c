/* What exec plugins answer. */
#include "kube/config-internal.h"
#include "kube/credentials-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    KubeExec exec = {.api_version = (char *)"client.authentication.k8s.io/v1", .command = (char *)"plugin"};
    g_autoptr(GError) error = NULL;
    g_auto(KubeExecAnswer) answer = {0};
    bool ok = kube_exec_answer_parse((const char *)data, size, &exec, &answer, &error);
    g_assert(ok == (error == NULL));
    if (!ok) {
        g_assert_error(error, BASE_ERROR, BASE_ERROR_UNAUTHORIZED);
        return 0;
    }
    g_assert(!answer.cert_pem == !answer.key_pem && (answer.token || answer.cert_pem));
    g_assert(!answer.token || (*answer.token && kube_is_header_value(answer.token)));
    return 0;
}
