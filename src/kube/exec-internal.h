/* What exec.c shares with its tests and fuzzers: the bytes of the connection without the connection. */
#pragma once

#include "kube/exec.h"

typedef struct {
    GByteArray *output; /* what the command printed, to be emptied by the caller */
    GString *errors;    /* of its standard error, up to EXEC_STDERR_MAX */
    GByteArray *reply;  /* what is to be sent to the server, to be emptied by the caller */
    bool closed;        /* the server has said that nothing more comes */
    bool has_status;    /* it has told how the command ended: */
    int exit_code;
    GError *failure; /* ... or why it could not run to its end */
    struct wslay_event_context *frames;
    const guint8 *input; /* during exec_channels_take() */
    size_t input_left;
} ExecChannels;

enum { EXEC_STDERR_MAX = 64 << 10, EXEC_MESSAGE_MAX = 1 << 20 };

void exec_channels_init(ExecChannels *channels);
void exec_channels_clear(ExecChannels *channels);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExecChannels, exec_channels_clear)

/* Takes bytes from the server in; INVALID for what is not the protocol, LIMIT-sized messages included. */
bool exec_channels_take(ExecChannels *channels, const void *data, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether the answer comes from what knows nothing of WebSocket: by its status, or by what a 400 says. */
bool exec_knows_no_upgrade(const HttpResponse *response);
