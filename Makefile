# What a person types; meson does the work.
#   make build      install what is missing, build into build/ (programs: build/ark)
#   make demo       back up, destroy and restore an application on a throw-away control plane
#   make demo-sonobuoy   run plugins on a throw-away cluster with two nodes, as root
#   make cluster    a Kubernetes cluster of your own with two nodes, as root (NODES); make cluster-down removes it
#   make test       unit and integration tests and, as root, tests with nodes, but for the longest of these
#   make test-all   every suite: also other programs, sanitizers, clang, fuzzing
#   make test-nodes what needs nodes that run pods, as root
#   make torture    kill -9 at 100 random moments of backups and 100 of restores (TORTURE_FLAGS)
#   make bench      measure against plain requests (N=objects; BENCH_FLAGS=--velero for stock Velero)
#   make bench-sonobuoy   measure the aggregator beside stock's and the query beside plain lists, as root
#   make bench-check   measure sonobuoy check beside plain lists
#   make image      a container image of both programs into build/image (IMAGE=name:tag), without a container engine;
#                   ARCH=arm64: for that architecture
#   make install    into PREFIX (/usr/local), below DESTDIR
#   make dist       a source archive of the last commit
#   make format     lay out the C sources; make lint checks them and the scripts
#   make clean      remove what was built
PREFIX ?= /usr/local
DESTDIR ?=
N ?= 10000
NODES ?= 2
VERSION = $(shell sed -n "s/^ *version: '\(.*\)',$$/\1/p" meson.build | head -n 1)
IMAGE ?= localhost/seaworthy:v$(VERSION)
SUITES = scripts unit integration nodes interop clang asan tsan fuzz

.DEFAULT_GOAL := help
.PHONY: help build bench-programs demo demo-sonobuoy cluster cluster-down test test-nodes test-all torture bench bench-sonobuoy bench-check image install dist format lint clean

help:
	@sed -n 's/^#   //p' Makefile

build:
	@scripts/setup build
	@[ -e build/build.ninja ] || meson setup build
	@ninja -C build
	@for program in ark sonobuoy; do \
	  [ ! -x build/src/$$program/cli/$$program ] || ln -sf src/$$program/cli/$$program build/$$program; done

demo:
	@scripts/demo

demo-sonobuoy:
	@scripts/demo-sonobuoy

cluster:
	@scripts/setup nodes
	@kubeconfig=$$(tests/cluster/nodes-up own --nodes $(NODES) --verbose) && \
	  printf '\nexport KUBECONFIG=%s PATH=%s:$$PATH\n\nkubectl get pods -A   make cluster-down removes it all\n' \
	    "$$kubeconfig" "$$(tests/cluster/build --bin)"

cluster-down:
	@tests/cluster/down own

test: build
	@scripts/setup stores
	@if [ "$$(id -u)" = 0 ]; then \
	  $(MAKE) --no-print-directory image && scripts/setup nodes && scripts/test unit short; \
	else \
	  scripts/test unit short && echo 'The tests of pods on nodes were left out: they need root.'; fi

test-nodes: build image
	@scripts/setup conformance
	@scripts/test nodes

test-all:
	@scripts/setup all
	@$(MAKE) --no-print-directory build image
	@scripts/test $(SUITES)

torture: build
	@scripts/setup stores
	@tests/torture $(TORTURE_FLAGS)

bench-programs: build
	@scripts/setup peers
	@meson configure build -Dbench=true && ninja -C build bench/bench-floor bench/bench-uploaders >/dev/null
	@for program in floor uploaders; do ln -sf bench/bench-$$program build/bench-$$program; done

bench: bench-programs
	@bench/ark $(N) $(BENCH_FLAGS)

bench-sonobuoy: bench-programs
	@bench/sonobuoy --objects $(N) $(BENCH_FLAGS)

bench-check: bench-programs
	@bench/check $(BENCH_FLAGS)

# Another architecture's image has its own folder, libraries and file; of this machine's own nothing is said.
foreign = $(filter-out $(shell dpkg --print-architecture 2>/dev/null),$(ARCH))
image_build = build-image$(foreign:%=-%)
image_tar = build/image/seaworthy$(foreign:%=-%).tar
sysroot = $${SEAWORTHY_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/seaworthy}/sysroot-$(foreign)
image:
	@scripts/setup $(or $(foreign),build)
	@[ -e $(image_build)/build.ninja ] || meson setup $(image_build) --buildtype=release -Dwerror=false -Dstatic_archive=true \
	  $(if $(foreign),--cross-file "$(sysroot)/meson.ini")
	@ninja -C $(image_build) src/ark/cli/ark src/sonobuoy/cli/sonobuoy
	@mkdir -p build/image
	@for program in ark sonobuoy; do \
	  $(if $(foreign),aarch64-linux-gnu-)strip -o $(image_build)/$$program $(image_build)/src/$$program/cli/$$program; done
	@scripts/image $(IMAGE) $(image_tar) --gzip --file $(image_build)/sonobuoy=sonobuoy --file $(image_build)/ark=ark \
	  $(if $(foreign),--architecture $(foreign) --sysroot "$(sysroot)") \
	  --file /etc/ssl/certs/ca-certificates.crt=etc/ssl/certs/ca-certificates.crt --file /usr/lib/locale/C.utf8=usr/lib/locale/C.utf8 \
	  --env HOME=/tmp --command /sonobuoy
	@ls -l $(image_tar)

install:
	@scripts/setup build
	@[ -e build-install/build.ninja ] || meson setup build-install --buildtype=release -Dwerror=false
	@meson configure build-install --prefix="$(PREFIX)"
	@ninja -C build-install
	@DESTDIR="$(DESTDIR)" meson install -C build-install --no-rebuild

dist:
	@mkdir -p build/dist
	@git archive --format=tar --prefix=seaworthy-$(VERSION)/ HEAD | gzip -9n > build/dist/seaworthy-$(VERSION).tar.gz
	@cd build/dist && sha256sum seaworthy-$(VERSION).tar.gz | tee seaworthy-$(VERSION).tar.gz.sha256

format:
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

lint:
	@scripts/setup check
	@scripts/lint

clean:
	rm -rf build build-*
