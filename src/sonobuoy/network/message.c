#include "sonobuoy/network/message.h"

#include <endian.h>
#include <string.h>

static const char magic[4] = "SwN1";
enum {
    AT_TYPE = 4,
    AT_FLAGS = 5,
    AT_ZERO = 6,
    AT_LENGTH = 8,
    AT_ID = 12,
    AT_RECEIVED = 20,
    AT_SENT = 28,
    AT_NODE = 36
};

static void put64(guint8 *out, guint64 number) {
    number = htobe64(number);
    memcpy(out, &number, sizeof number);
}

static guint64 get64(const guint8 *data) {
    guint64 number;
    memcpy(&number, data, sizeof number);
    return be64toh(number);
}

void message_write(const Message *message, guint8 *out) {
    guint32 length = htobe32(message->length);
    memcpy(out, magic, sizeof magic);
    out[AT_TYPE] = (guint8)message->type;
    out[AT_FLAGS] = message->whole;
    out[AT_ZERO] = out[AT_ZERO + 1] = 0;
    memcpy(out + AT_LENGTH, &length, sizeof length);
    put64(out + AT_ID, message->id);
    put64(out + AT_RECEIVED, (guint64)message->received);
    put64(out + AT_SENT, (guint64)message->sent);
    memcpy(out + AT_NODE, message->node, MESSAGE_NODE);
}

/* The name ends within its field, has no odd characters, and nothing stands behind it. */
static bool is_node(const guint8 *name) {
    size_t length = strnlen((const char *)name, MESSAGE_NODE);
    if (length == 0 || length == MESSAGE_NODE)
        return false;
    for (size_t i = 0; i < MESSAGE_NODE; i++)
        if (i < length ? !g_ascii_isgraph((char)name[i]) : name[i] != 0)
            return false;
    return true;
}

bool message_read(const guint8 *data, size_t length, Message *out) {
    guint32 whole;
    if (length < MESSAGE_HEADER || memcmp(data, magic, sizeof magic) != 0 || data[AT_FLAGS] > 1 || data[AT_ZERO] ||
        data[AT_ZERO + 1] || (data[AT_TYPE] != MESSAGE_REQUEST && data[AT_TYPE] != MESSAGE_ANSWER) ||
        !is_node(data + AT_NODE))
        return false;
    memcpy(&whole, data + AT_LENGTH, sizeof whole);
    *out = (Message){.type = data[AT_TYPE],
                     .whole = data[AT_FLAGS],
                     .length = be32toh(whole),
                     .id = get64(data + AT_ID),
                     .received = (gint64)get64(data + AT_RECEIVED),
                     .sent = (gint64)get64(data + AT_SENT)};
    memcpy(out->node, data + AT_NODE, MESSAGE_NODE);
    return out->length >= MESSAGE_HEADER && out->length <= MESSAGE_MAX;
}

void message_set_node(Message *message, const char *node) {
    memset(message->node, 0, MESSAGE_NODE);
    memcpy(message->node, node, MIN(strlen(node), (size_t)MESSAGE_NODE - 1));
}
