# The images of all services and of the control plane, which "npm run images" builds: one build for all of them, then
# docker build -f deploy/docker/services.Dockerfile --build-arg SERVICE=customer .
# Node is the project's own, from its npm package: the same in development, in the tests and here.
# Tags are exact where their publisher has exact ones; CI replaces both images by digest through these arguments (deploy/docker/README.md).
ARG BUILD_IMAGE=node:26.10.0-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot
# Stages. Builders that look at every stage again for each image are given these as images, built once.
ARG INSTALLED=packages
ARG ASSEMBLED=build
ARG SHARED=runtime

FROM ${BUILD_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
# The last step of npm ci; here, where there is no Python, it only says so.
COPY gateway/envoy/ gateway/envoy/
RUN --mount=type=cache,target=/npm npm ci --cache /npm
# Node is linked against libatomic, which the distroless image lacks; every other library is there.
RUN mkdir -p /runtime/nodejs /runtime/usr/lib \
 && cp node_modules/node/bin/node /runtime/nodejs/node \
 && cp --dereference "$(ldd /runtime/nodejs/node | awk '/libatomic/ { print $3 }')" /runtime/usr/lib/

# Begins with the image itself: where steps are not kept, podman and buildah remove that of a stage before when they are done, with every name it has.
FROM ${INSTALLED} AS build
COPY . .
# What is generated, compiled or assembled is kept from one build to the next, and made again where its inputs changed. The bundler is written in Go, and is done
# in two thirds of the CPU where it collects no garbage: it needs 600 MB then.
RUN --mount=type=cache,target=/build/services/platform/contracts/gen \
    --mount=type=cache,target=/build/deploy/local/cloud/spanner/engine/gen \
    --mount=type=cache,target=/build/wasm-filters/build \
    --mount=type=cache,target=/build/node_modules/.cache/kumiko-images \
    --mount=type=cache,target=/compiled \
    GOGC=off GOMEMLIMIT=1GiB NODE_COMPILE_CACHE=/compiled npm run -s assemble -- --all --out /trees

FROM ${INSTALLED} AS installed

FROM ${ASSEMBLED} AS assembled

FROM ${RUNTIME_IMAGE} AS runtime
# The same as imageEnvironment and nodeFlags in deploy/docker/image-environment.ts, where the reasons are.
ENV SPANNER_DISABLE_BUILTIN_METRICS=true \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/nodejs/node", "--max-semi-space-size=4", "--max-old-space-size=128", "/app/main.js"]
COPY --from=installed /runtime/ /

FROM ${SHARED}
ARG SERVICE
# What V8 made of the bundle last: it alone is for one version of Node.
COPY --from=assembled /trees/${SERVICE}/bundle/ /
COPY --from=assembled /trees/${SERVICE}/code-cache/ /
