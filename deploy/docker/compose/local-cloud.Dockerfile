# The local cloud for the compose file: the project itself with its development packages. It is deployed nowhere.
ARG BUILD_IMAGE=node:26.10.0-bookworm-slim

FROM ${BUILD_IMAGE}
WORKDIR /kumiko
COPY package.json package-lock.json ./
# The last step of npm ci; here, where there is no Python, it only says so.
COPY gateway/envoy/ gateway/envoy/
RUN --mount=type=cache,target=/npm npm ci --cache /npm
COPY . .
RUN npm run -s build
USER 65532:65532
ENTRYPOINT ["/kumiko/node_modules/node/bin/node"]
CMD ["deploy/docker/compose/local-cloud.ts"]
