/* The aggregator: starts a run's plugins, takes their results as they come, asks the cluster what it is, and puts all
 * of it into one archive. Runs in the cluster, in the pod that manifest.h describes.
 *
 *   FOLDER/UUID/meta, plugins, resources, ...: the archive's content while it grows
 *   FOLDER/YYYYMMDDHHMM_sonobuoy_UUID.tar.gz: the archive
 *
 * How the run is stands in the annotation of the aggregator's own pod (status.h), written on each change, at most once
 * a second. Source: sonobuoy.io/docs, and what stock Sonobuoy 0.57's aggregator does on the wire. */
#pragma once

#include "kube/client.h"
#include "sonobuoy/config.h"
#include "sonobuoy/log.h"
#include "sonobuoy/plugin.h"

typedef struct {
    KubeClient *client;
    RunConfig *config;        /* its UUID and address are filled in where they are not given */
    const GPtrArray *plugins; /* Plugin, those that run */
    const char *folder;       /* "/tmp/sonobuoy" */
    RunLog *log;
    Cancel *cancel; /* ends waiting for plugins: what there is goes into the archive */
} AggregatorOptions;

/* Runs to the archive. False where there is none; errors of plugins, and of questions to the cluster, are in the
 * archive, and do not make it fail. */
bool aggregator_run(const AggregatorOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
