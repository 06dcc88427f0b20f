/* What the plugin's pods say to each other: a request, and its answer of the same length, over UDP and TCP.
 *
 * All numbers are big-endian. A header of MESSAGE_HEADER bytes:
 *    0  "SwN1"
 *    4  1 request, 2 answer
 *    5  1: no packet of the answer may be fragmented (UDP), else 0
 *    6  0, 0
 *    8  length of the whole, header included
 *   12  id, which the answer repeats
 *   20  when the request was received, and
 *   28  when the answer was sent: microseconds since the epoch by the responder's clock; 0 in requests
 *   36  name of the node that speaks, filled up with NULs
 * Behind it is padding, which the answer repeats. An answer is never longer than its request. */
#pragma once

#include "base/error.h"

enum { MESSAGE_NODE = 256, MESSAGE_HEADER = 36 + MESSAGE_NODE, MESSAGE_MAX = MESSAGE_HEADER + (1 << 20) };
typedef enum { MESSAGE_REQUEST = 1, MESSAGE_ANSWER } MessageType;

typedef struct {
    MessageType type;
    bool whole; /* not in fragments */
    guint32 length;
    guint64 id;
    gint64 received, sent;
    char node[MESSAGE_NODE]; /* printable ASCII */
} Message;

/* Writes the header, MESSAGE_HEADER bytes. */
void message_write(const Message *message, guint8 *out);
/* Reads one that begins with `length` bytes of data; false where it is none, or its own length is out of bounds. */
bool message_read(const guint8 *data, size_t length, Message *out) G_GNUC_WARN_UNUSED_RESULT;
void message_set_node(Message *message, const char *node); /* cut to fit */
