# The image of both gateways; GATEWAY_ROLE picks the bootstrap. Its context is the tree of what it adds to Envoy's, which is text and WebAssembly, the same on
# every machine, so nothing has to be installed here to make it:
# npm run -s assemble -- gateway --out TREE --bootstraps DIR
# docker build -f deploy/docker/gateway.Dockerfile TREE
# Not the distroless one: the entrypoint needs a shell to drain.
ARG ENVOY_IMAGE=envoyproxy/envoy:v1.40.1

FROM ${ENVOY_IMAGE}
COPY . /
# A bootstrap that Envoy refuses ends the build.
RUN for role in edge jobs; do envoy --mode validate -c "/etc/kumiko/$role.yaml" || exit 1; done
# The image's own user "envoy".
USER 101:101
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/gateway-entrypoint"]
