/* Whether images are where nodes pull them from. No image is fetched, and no container engine asked.
 * Source: OCI Distribution Specification 1.1 ("Pulling manifests"); for tokens
 * distribution.github.io/distribution/spec/auth; for names and credentials docs.docker.com (docker pull, docker login:
 * config.json). */
#pragma once

#include "base/cancel.h"
#include "base/error.h"

/* What an image's name says. */
typedef struct {
    char *host;       /* "registry-1.docker.io", "localhost:5000" */
    char *login;      /* the host as config.json has it: "https://index.docker.io/v1/" for Docker Hub's */
    char *repository; /* "library/busybox" */
    char *reference;  /* a tag, "latest" where there is none, or a digest */
} ImageName;
/* INVALID where it is no image's name. */
bool image_name_parse(const char *text, ImageName *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void image_name_clear(ImageName *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageName, image_name_clear)

typedef struct Registries Registries;
/* Credentials are those of `docker login` (auths in $DOCKER_CONFIG/config.json or ~/.docker/config.json, without
 * helpers); INVALID where that is no JSON. One thread at a time. */
Registries *registries_new(Cancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void registries_free(Registries *registries);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Registries, registries_free)

/* Whether the registry has the image, for whoever the credentials are of. A registry on this machine is asked by plain
 * HTTP, any other by TLS. false: NOT_FOUND, UNAUTHORIZED, FORBIDDEN, UNAVAILABLE, ...; the message names the image. */
bool registries_have(Registries *registries, const char *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;
