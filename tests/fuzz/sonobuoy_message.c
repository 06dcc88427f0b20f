/* What pods of the plugin network say to each other: what is read is written as it was. */
#include "sonobuoy/network/message.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Message message;
    guint8 again[MESSAGE_HEADER];
    if (!message_read(data, size, &message))
        return 0;
    message_write(&message, again);
    if (memcmp(again, data, sizeof again) != 0 || message.length > MESSAGE_MAX)
        g_error("a message is not what it was");
    return 0;
}
