//! Kubernetes: the clusters.
