# syntax=docker/dockerfile:1.12
# The image of both gateways; GATEWAY_ROLE picks the bootstrap. The rendered bootstraps come as a build context of their own:
# docker build -f deploy/docker/gateway.Dockerfile --build-context bootstraps=DIR .
# Until npm ci it is built as services.Dockerfile is, so that whoever has built one has the layers of both.
ARG BUILD_IMAGE=node:26.10.0-bookworm-slim
# Not the distroless one: the entrypoint needs a shell to drain.
ARG ENVOY_IMAGE=envoyproxy/envoy:v1.40.1

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The last step of npm ci; here, where there is no Python, it only says so.
COPY gateway/envoy/ gateway/envoy/
RUN --mount=type=cache,target=/npm npm ci --cache /npm
COPY . .
COPY --from=bootstraps edge.yaml jobs.yaml /bootstraps/
# What is generated is kept from one build to the next, and made again where its inputs changed.
RUN --mount=type=cache,target=/build/services/platform/contracts/gen \
    --mount=type=cache,target=/build/deploy/local/cloud/spanner/engine/gen \
    --mount=type=cache,target=/build/deploy/local/console/gen \
    --mount=type=cache,target=/build/wasm-filters/build \
    npm run -s assemble -- gateway --out /tree --bootstraps /bootstraps

FROM ${ENVOY_IMAGE}
COPY --from=build /tree/ /
# A bootstrap that Envoy refuses ends the build.
RUN for role in edge jobs; do envoy --mode validate -c "/etc/kumiko/$role.yaml" || exit 1; done
# The image's own user "envoy".
USER 101:101
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/gateway-entrypoint"]
