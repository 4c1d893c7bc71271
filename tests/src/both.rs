//! The same tests against both registries.

/// Runs tests against both registries: mini-consul, and a real Consul where there is one.
#[macro_export]
macro_rules! against_both {
    ($($test:ident),* $(,)?) => {
        mod mini_consul {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::Registry::mini().await).await;
                }
            )*
        }

        mod consul {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(registry) = $crate::Registry::consul().await {
                        super::$test(registry).await;
                    }
                }
            )*
        }
    };
}
