# syntax=docker/dockerfile:1.12
# The image of one service: docker build -f deploy/docker/services.Dockerfile --build-arg SERVICE=customer .
# Node is the project's own, from its npm package: the same in development, in the tests and here.
# Tags are exact where their publisher has exact ones; CI replaces both images by digest through these arguments (deploy/docker/README.md).
ARG BUILD_IMAGE=node:26.10.0-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The last step of npm ci; here, where there is no Python, it only says so.
COPY gateway/envoy/ gateway/envoy/
RUN --mount=type=cache,target=/npm npm ci --cache /npm
COPY . .
RUN npm run -s build
ARG SERVICE
RUN npm run -s assemble -- "$SERVICE" --out /tree
# Node is linked against libatomic, which the distroless image lacks; every other library is there.
RUN mkdir -p /tree/nodejs /tree/usr/lib \
 && cp node_modules/node/bin/node /tree/nodejs/node \
 && cp --dereference "$(ldd /tree/nodejs/node | awk '/libatomic/ { print $3 }')" /tree/usr/lib/

FROM ${RUNTIME_IMAGE}
COPY --from=build /tree/ /
# The same as imageEnvironment and nodeFlags in deploy/docker/image-process.ts, where the reasons are.
ENV SPANNER_DISABLE_BUILTIN_METRICS=true \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/nodejs/node", "--max-semi-space-size=4", "--max-old-space-size=128", "--no-maglev", "--no-opt", "--no-allocation-site-pretenuring", "/app/main.js"]
