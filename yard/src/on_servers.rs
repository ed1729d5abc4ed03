//! Over: the yard on API servers that a test started, to hold the simulator against real ones.
//!
//! Deliberately absent from every program: only the feature `over`, which tests switch on, compiles this.

use std::collections::HashMap;
use std::io;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::loopback::Certificate;
use crate::simulator::cluster::{Cluster, ClusterError, name};
use crate::simulator::kubelet::Kubelet;
use crate::simulator::opening;
use crate::{Access, Options, Prepared, Yard};

impl Yard {
    /// Plays on API servers that a test started on loopback, one for each environment and with the kinds of Argo: they get
    /// the opening's objects and the simulator, and the yard brings the repository and the kubelets. What it created there
    /// stays when the yard is dropped.
    ///
    /// # Errors
    /// Before any request, where a server is not on loopback.
    pub async fn on_servers(options: Options, access: Vec<Access>) -> io::Result<Yard> {
        let folder = Folder::create()?;
        let prepared = Prepared::build(options, folder.path())
            .await
            .map_err(io::Error::other)??;
        let certificate = Certificate::generate()?;
        let (mut kubelets, mut clusters) = (Vec::new(), Vec::new());
        for Access {
            environment,
            kubeconfig,
            context,
        } in &access
        {
            let kubelet = Kubelet::start(&certificate).await?;
            let cluster =
                Cluster::connect(environment, kubeconfig, context, kubelet.logs.clone()).await?;
            let mut initial = prepared.opening(options).initial_objects(environment);
            initial
                .objects
                .push(opening::node(environment, kubelet.port()));
            for (pod, container, previous, script) in initial.scripts {
                kubelet.logs.set(&pod, &container, previous, script);
            }
            cluster
                .create_all(initial.objects)
                .await
                .map_err(io::Error::other)?;
            kubelets.push(kubelet);
            clusters.push(cluster);
        }
        Yard::assemble(
            options,
            folder,
            prepared,
            (Vec::new(), kubelets),
            access,
            clusters,
        )
    }
}

impl Cluster {
    /// Creates an opening's objects, owners first; those that are there already stay as they are.
    pub async fn create_all(&self, objects: Vec<Value>) -> Result<(), ClusterError> {
        let mut uids: HashMap<(String, String), String> = HashMap::new();
        let text = |object: &Value, field: &str| object[field].as_str().unwrap_or("").to_owned();
        for kinds in [
            &["Namespace", "Node"][..],
            &[
                "WorkflowTemplate",
                "Application",
                "Workflow",
                "Deployment",
                "CronJob",
            ],
            &["ReplicaSet", "Job"],
            &["Pod", "Event"],
        ] {
            let mut batch = Vec::new();
            for object in objects
                .iter()
                .filter(|object| kinds.contains(&object["kind"].as_str().unwrap_or("")))
            {
                let mut object = object.clone();
                for owner in object["metadata"]["ownerReferences"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    let uid = uids
                        .get(&(text(owner, "kind"), text(owner, "name")))
                        .cloned()
                        .unwrap_or_default();
                    if let Some(owner) = owner.as_object_mut() {
                        owner.insert("uid".to_owned(), json!(uid));
                    }
                }
                batch.push(async move {
                    let created = self.create(&object).await?;
                    let uid = created.map(|created| {
                        created["metadata"]["uid"].as_str().unwrap_or("").to_owned()
                    });
                    Ok::<_, ClusterError>((text(&object, "kind"), name(&object).to_owned(), uid))
                });
            }
            let created: Vec<_> = stream::iter(batch)
                .buffer_unordered(16)
                .try_collect()
                .await?;
            for (kind, name, uid) in created {
                uids.extend(uid.map(|uid| ((kind, name), uid)));
            }
        }
        Ok(())
    }
}
