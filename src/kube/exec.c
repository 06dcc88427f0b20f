#include "kube/exec.h"

#include "base/text.h"
#include "kube/client-internal.h"
#include "kube/exec-internal.h"

#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#define PROTOCOL_NEW "v5.channel.k8s.io" /* differs from v4 by what ends standard input */
#define PROTOCOL_OLD "v4.channel.k8s.io"

enum { CHANNEL_STDOUT = 1, CHANNEL_STDERR = 2, CHANNEL_STATUS = 3 };

/* --- messages ------------------------------------------------------------------------------------- */

/* The exit code among a Status's details; -1: there is none. */
static int exit_code_of(yyjson_val *status) {
    size_t index, count;
    yyjson_val *cause;
    yyjson_arr_foreach(json_get(status, "details", "causes"), index, count, cause) {
        gint64 code;
        const char *text = json_get_string(cause, "message");
        if (g_strcmp0(json_get_string(cause, "reason"), "ExitCode") == 0 && text &&
            g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &code, NULL))
            return (int)code;
    }
    return -1;
}

/* How the command ended: a metav1.Status. What is none tells nothing. */
static void take_status(ExecChannels *channels, const char *text, size_t length) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, "the command's status", NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *status = json_get_string(root, "status"), *message = json_get_string(root, "message");
    if (channels->has_status || !status)
        return;
    channels->has_status = true;
    channels->exit_code = g_str_equal(status, "Success") ? 0 : exit_code_of(root);
    if (channels->exit_code >= 0)
        return;
    g_autofree char *shown = text_printable(message && *message ? message : "the server does not say why");
    g_set_error(&channels->failure, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "it could not be run to its end: %s", shown);
}

/* The first byte says what the others are of. An empty one of each channel comes first from some servers. */
static void take_message(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *message,
                         void *data) {
    ExecChannels *channels = data;
    if (message->opcode != WSLAY_BINARY_FRAME || message->msg_length < 2)
        return;
    const guint8 *bytes = message->msg + 1;
    size_t length = message->msg_length - 1;
    switch (message->msg[0]) {
    case CHANNEL_STDOUT: g_byte_array_append(channels->output, bytes, (guint)length); break;
    case CHANNEL_STDERR:
        g_string_append_len(channels->errors, (const char *)bytes,
                            (gssize)MIN(length, EXEC_STDERR_MAX - channels->errors->len));
        break;
    case CHANNEL_STATUS: take_status(channels, (const char *)bytes, length); break;
    default: break;
    }
}

static ssize_t give_input(wslay_event_context_ptr context, uint8_t *buffer, size_t length, int flags, void *data) {
    ExecChannels *channels = data;
    size_t count = MIN(length, channels->input_left);
    if (count == 0) {
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buffer, channels->input, count);
    channels->input += count;
    channels->input_left -= count;
    return (ssize_t)count;
}

static ssize_t take_reply(wslay_event_context_ptr context, const uint8_t *bytes, size_t length, int flags, void *data) {
    ExecChannels *channels = data;
    g_byte_array_append(channels->reply, bytes, (guint)length);
    return (ssize_t)length;
}

static int make_mask(wslay_event_context_ptr context, uint8_t *mask, size_t length, void *data) {
    return getentropy(mask, length);
}

void exec_channels_init(ExecChannels *channels) {
    static const struct wslay_event_callbacks callbacks = {.recv_callback = give_input,
                                                           .send_callback = take_reply,
                                                           .genmask_callback = make_mask,
                                                           .on_msg_recv_callback = take_message};
    *channels = (ExecChannels){
        .output = g_byte_array_new(), .errors = g_string_new(NULL), .reply = g_byte_array_new(), .exit_code = -1};
    if (wslay_event_context_client_init(&channels->frames, &callbacks, channels) != 0)
        g_error("out of memory");
    wslay_event_config_set_max_recv_msg_length(channels->frames, EXEC_MESSAGE_MAX);
}

void exec_channels_clear(ExecChannels *channels) {
    wslay_event_context_free(channels->frames);
    g_byte_array_unref(channels->output);
    g_byte_array_unref(channels->reply);
    g_string_free(channels->errors, TRUE);
    g_clear_error(&channels->failure);
}

bool exec_channels_take(ExecChannels *channels, const void *data, size_t length, GError **error) {
    channels->input = data;
    channels->input_left = length;
    int received = wslay_event_recv(channels->frames);
    int sent = wslay_event_want_write(channels->frames) ? wslay_event_send(channels->frames) : 0;
    channels->closed = wslay_event_get_close_received(channels->frames);
    channels->input = NULL;
    channels->input_left = 0;
    if (received == 0 && sent == 0 && (channels->closed || wslay_event_get_read_enabled(channels->frames)))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "what came is not WebSocket's, or a message larger than %d KiB; is there a proxy before the server?",
                EXEC_MESSAGE_MAX >> 10);
    return false;
}

/* --- a command ---------------------------------------------------------------------------------------- */

struct KubeCommand {
    char *name; /* for errors */
    HttpStream *stream;
    ExecChannels channels;
    guint taken; /* of channels.output */
    bool ended;
};

void kube_command_free(KubeCommand *command) {
    if (!command)
        return;
    http_stream_free(command->stream);
    exec_channels_clear(&command->channels);
    g_free(command->name);
    g_free(command);
}

static char *exec_path(const KubeCommandQuery *query) {
    GString *path = g_string_new(NULL);
    g_string_append_printf(path, "/api/v1/namespaces/%s/pods/%s/exec?stdout=true&stderr=true", query->namespace_,
                           query->pod);
    if (query->container) {
        g_autofree char *container = http_escape(query->container, NULL);
        g_string_append_printf(path, "&container=%s", container);
    }
    for (const char *const *word = query->command; *word; word++) {
        g_autofree char *escaped = http_escape(*word, NULL);
        g_string_append_printf(path, "&command=%s", escaped);
    }
    return g_string_free(path, FALSE);
}

bool exec_knows_no_upgrade(const HttpResponse *response) {
    int status = response->status;
    if (status != 400)
        return (status > 0 && status < 400) || status == 405 || status == 406 || status == 426 || status == 501;
    const char *body = (const char *)response->body->data;
    size_t length = response->body->len;
    g_autoptr(yyjson_doc) doc = json_parse(body, length, "the answer", NULL);
    const char *message = json_get_string(yyjson_doc_get_root(doc), "message");
    return message ? strstr(message, "pgrade") != NULL : !doc && length && g_strstr_len(body, (gssize)length, "pgrade");
}

static HttpStream *open_stream(KubeClient *client, const KubeCommandQuery *query, GError **error) {
    g_autofree char *path = exec_path(query);
    KubeRequest request = {.method = "GET", .path = path, .stall_s = query->stall_s};
    g_auto(HttpResponse) response = {0};
    g_autoptr(HttpStream) stream = NULL;
    GError *failure = NULL;
    if (!kube_client_upgrade(client, &request, PROTOCOL_NEW ", " PROTOCOL_OLD, &response, &stream, &failure)) {
        if (exec_knows_no_upgrade(&response)) {
            failure->code = BASE_ERROR_UNSUPPORTED;
            g_autofree char *said = failure->message;
            failure->message = g_strconcat(said,
                                           "; a command in a pod needs WebSocket: API servers since Kubernetes 1.30 "
                                           "speak it, and proxies before them must pass it on",
                                           NULL);
        }
        g_propagate_error(error, failure);
        return NULL;
    }
    const char *protocol = http_response_header(&response, "sec-websocket-protocol");
    if (g_strcmp0(protocol, PROTOCOL_NEW) == 0 || g_strcmp0(protocol, PROTOCOL_OLD) == 0)
        return g_steal_pointer(&stream);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                        "the API server speaks neither " PROTOCOL_NEW " nor " PROTOCOL_OLD " for commands in pods");
    return NULL;
}

KubeCommand *kube_command_start(KubeClient *client, const KubeCommandQuery *query, GError **error) {
    if (!name_is_dns_label(query->namespace_, error) || !name_is_dns_subdomain(query->pod, error))
        return NULL;
    HttpStream *stream = open_stream(client, query, error);
    if (!stream)
        return NULL;
    KubeCommand *command = g_new0(KubeCommand, 1);
    command->stream = stream;
    command->name = g_strdup_printf("%s in pod %s/%s", query->command[0], query->namespace_, query->pod);
    exec_channels_init(&command->channels);
    return command;
}

/* Takes in what comes next; at the end of the connection `ended` is set. */
static bool receive(KubeCommand *command, GError **error) {
    ExecChannels *channels = &command->channels;
    char piece[64 * 1024];
    GError *failure = NULL;
    gssize count = http_stream_receive(command->stream, piece, sizeof piece, &failure);
    if (count < 0 && channels->has_status && !g_error_matches(failure, BASE_ERROR, BASE_ERROR_CANCELLED)) {
        g_clear_error(&failure); /* all was said but the farewell */
        count = 0;
    }
    if (count < 0) {
        g_propagate_error(error, failure);
        return false;
    }
    if (count > 0 && !exec_channels_take(channels, piece, (size_t)count, error))
        return false;
    command->ended = count == 0 || channels->closed;
    bool replied = channels->reply->len == 0 ||
                   http_stream_send(command->stream, channels->reply->data, channels->reply->len, &failure);
    g_byte_array_set_size(channels->reply, 0);
    if (replied || command->ended) { /* an answer to its farewell need not arrive */
        g_clear_error(&failure);
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

/* When all output was read. */
static gssize end_of_output(KubeCommand *command, GError **error) {
    ExecChannels *channels = &command->channels;
    if (channels->failure) {
        g_propagate_error(error, g_error_copy(channels->failure));
        g_prefix_error(error, "%s: ", command->name);
        return -1;
    }
    if (channels->has_status)
        return 0;
    g_set_error(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s: the connection ended before the command did",
                command->name);
    return -1;
}

gssize kube_command_read(KubeCommand *command, void *data, size_t length, GError **error) {
    GByteArray *output = command->channels.output;
    while (command->taken == output->len) {
        g_byte_array_set_size(output, 0);
        command->taken = 0;
        if (command->ended)
            return end_of_output(command, error);
        if (!receive(command, error)) {
            g_prefix_error(error, "%s: ", command->name);
            return -1;
        }
    }
    size_t count = MIN(length, output->len - command->taken);
    memcpy(data, output->data + command->taken, count);
    command->taken += (guint)count;
    return (gssize)count;
}

int kube_command_exit_code(const KubeCommand *command) {
    return command->channels.exit_code;
}

const char *kube_command_stderr(const KubeCommand *command) {
    return command->channels.errors->str;
}
