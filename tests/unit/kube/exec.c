/* What a server sends of a command in a pod: frames, channels, how it ended. */
#include "kube/exec-internal.h"

#include <string.h>

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* A frame as servers send them: whole, not masked. */
static void add_frame(GByteArray *out, int opcode, const void *data, size_t length) {
    guint8 head[10] = {(guint8)(0x80 | opcode)};
    guint head_length = 2;
    if (length < 126) {
        head[1] = (guint8)length;
    } else if (length <= G_MAXUINT16) {
        head[1] = 126;
        head[2] = (guint8)(length >> 8);
        head[3] = (guint8)length;
        head_length = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (guint8)((guint64)length >> (56 - 8 * i));
        head_length = 10;
    }
    g_byte_array_append(out, head, head_length);
    g_byte_array_append(out, data, (guint)length);
}

static void add_message(GByteArray *out, char channel, const char *text) {
    g_autofree char *message = g_strdup_printf("%c%s", channel, text);
    add_frame(out, OPCODE_BINARY, message, strlen(message));
}

static const char failed[] =
    "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"message\":\"m\","
    "\"details\":{\"causes\":[{\"reason\":\"x\"},{\"reason\":\"ExitCode\",\"message\":\"7\"}]}}";

static void test_channels(void) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    static const char empty[] = {1, 2, 3};
    for (size_t i = 0; i < sizeof empty; i++)
        add_frame(bytes, OPCODE_BINARY, empty + i, 1);
    add_message(bytes, 1, "out");
    add_message(bytes, 2, "errors");
    add_message(bytes, 9, "of no channel");
    add_frame(bytes, OPCODE_TEXT, "\1text", 5);
    add_message(bytes, 1, "put");
    add_message(bytes, 3, failed);
    add_message(bytes, 3, "{\"status\":\"Success\"}");
    add_frame(bytes, OPCODE_CLOSE, "\x03\xe8", 2);
    for (guint piece = 1; piece <= bytes->len; piece++) {
        g_auto(ExecChannels) channels;
        exec_channels_init(&channels);
        g_autoptr(GError) error = NULL;
        for (guint at = 0; at < bytes->len; at += piece) {
            g_assert_false(channels.closed);
            g_assert_true(exec_channels_take(&channels, bytes->data + at, MIN(piece, bytes->len - at), &error));
        }
        g_assert_true(channels.closed);
        g_assert_cmpmem(channels.output->data, channels.output->len, "output", 6);
        g_assert_cmpstr(channels.errors->str, ==, "errors");
        g_assert_true(channels.has_status);
        g_assert_cmpint(channels.exit_code, ==, 7);
        g_assert_null(channels.failure);
        g_assert_cmpint(channels.reply->data[0], ==, 0x80 | OPCODE_CLOSE);
    }
}

static void test_statuses(void) {
    static const struct {
        const char *text;
        int code;
        bool has, failure;
    } cases[] = {
        {"{\"status\":\"Success\"}", 0, true, false},
        {"{\"status\":\"Failure\",\"message\":\"no \\u001b[2J such file\"}", -1, true, true},
        {"{\"status\":\"Failure\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"x\"}]}}", -1, true,
         true},
        {"{}", -1, false, false},
        {"gone wrong", -1, false, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(ExecChannels) channels;
        exec_channels_init(&channels);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        add_message(bytes, 3, cases[i].text);
        g_assert_true(exec_channels_take(&channels, bytes->data, bytes->len, NULL));
        g_assert_cmpint(channels.has_status, ==, cases[i].has);
        g_assert_cmpint(channels.exit_code, ==, cases[i].code);
        g_assert_cmpint(channels.failure != NULL, ==, cases[i].failure);
        if (channels.failure)
            g_assert_null(strchr(channels.failure->message, 033));
    }
}

static void test_pings(void) {
    g_auto(ExecChannels) channels;
    exec_channels_init(&channels);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    add_frame(bytes, OPCODE_PING, "are you there", 13);
    g_assert_true(exec_channels_take(&channels, bytes->data, bytes->len, NULL));
    const guint8 *reply = channels.reply->data;
    g_assert_cmpuint(channels.reply->len, ==, 2 + 4 + 13);
    g_assert_cmpint(reply[0], ==, 0x80 | OPCODE_PONG);
    g_assert_cmpint(reply[1], ==, 0x80 | 13); /* masked, as a client's must be */
    char text[14] = "";
    for (size_t i = 0; i < 13; i++)
        text[i] = (char)(reply[6 + i] ^ reply[2 + i % 4]);
    g_assert_cmpstr(text, ==, "are you there");
}

static void test_limits(void) {
    g_auto(ExecChannels) channels, other;
    exec_channels_init(&channels);
    exec_channels_init(&other);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *text = g_strnfill(EXEC_STDERR_MAX - 3, 'x'), *huge = g_malloc0(EXEC_MESSAGE_MAX + 1);
    add_message(bytes, 2, text);
    add_message(bytes, 2, "12345");
    add_message(bytes, 2, "6");
    g_assert_true(exec_channels_take(&channels, bytes->data, bytes->len, NULL));
    g_assert_cmpuint(channels.errors->len, ==, EXEC_STDERR_MAX);
    g_assert_true(g_str_has_suffix(channels.errors->str, "x123"));

    g_byte_array_set_size(bytes, 0);
    huge[0] = 1;
    add_frame(bytes, OPCODE_BINARY, huge, EXEC_MESSAGE_MAX);
    g_assert_true(exec_channels_take(&channels, bytes->data, bytes->len, NULL));
    g_assert_cmpuint(channels.output->len, ==, EXEC_MESSAGE_MAX - 1);
    g_byte_array_set_size(bytes, 0);
    add_frame(bytes, OPCODE_BINARY, huge, EXEC_MESSAGE_MAX + 1);
    g_autoptr(GError) error = NULL;
    g_assert_false(exec_channels_take(&other, bytes->data, bytes->len, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_assert_cmpuint(other.output->len, ==, 0);
}

static void test_no_frames(void) {
    static const char *const bad[] = {"HTTP/1.1 400 Bad Request\r\n", "\x82\x81zzzzz" /* masked */, "\xf2\x01x",
                                      "\x83\x01x", "\x09\x01x" /* a ping in parts */};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(ExecChannels) channels;
        exec_channels_init(&channels);
        g_autoptr(GError) error = NULL;
        g_assert_false(exec_channels_take(&channels, bad[i], strlen(bad[i]), &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void test_no_upgrade(void) {
    static const struct {
        int status;
        const char *body;
        bool expected;
    } cases[] = {
        {0, "", false},
        {200, "", true},
        {302, "", true},
        {405, "{}", true},
        {406, "{}", true},
        {426, "", true},
        {501, "", true},
        {400, "{\"kind\":\"Status\",\"message\":\"Upgrade request required\"}", true},
        {400, "{\"kind\":\"Status\",\"message\":\"unable to upgrade: no headers\"}", true},
        {400, "Upgrade expected", true},
        {400, "{\"kind\":\"Status\",\"message\":\"a container name must be specified\"}", false},
        {400, "{\"kind\":\"Status\",\"details\":\"upgrade\"}", false},
        {400, "", false},
        {401, "{\"message\":\"upgrade\"}", false},
        {403, "{\"message\":\"pods sonobuoy is forbidden in the namespace upgrade-1\"}", false},
        {404, "{\"message\":\"namespaces upgrade-1 not found\"}", false},
        {500, "upgrade", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpResponse) response = {.status = cases[i].status, .body = g_byte_array_new()};
        g_byte_array_append(response.body, (const guint8 *)cases[i].body, (guint)strlen(cases[i].body));
        g_test_message("%d %s", cases[i].status, cases[i].body);
        g_assert_cmpint(exec_knows_no_upgrade(&response), ==, cases[i].expected);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/channels", test_channels);
    g_test_add_func("/exec/statuses", test_statuses);
    g_test_add_func("/exec/pings", test_pings);
    g_test_add_func("/exec/limits", test_limits);
    g_test_add_func("/exec/no-frames", test_no_frames);
    g_test_add_func("/exec/no-upgrade", test_no_upgrade);
    return g_test_run();
}
