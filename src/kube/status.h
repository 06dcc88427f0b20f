/* The API server's error answers (metav1.Status) as errors. */
#pragma once

#include "base/http.h"

/* Sets the error for a non-2xx answer; `what`: "GET /api/v1/secrets". */
void kube_status_set_error(const HttpResponse *response, const char *what, GError **error);

/* Whether waiting and asking again may help. */
bool kube_status_is_transient(const HttpResponse *response);
