//! What anybody may say in a header, and who believes it.

use e2e::Client;

use crate::stage::Stage;

#[tokio::test]
async fn an_http_member_hears_of_attempts_from_nobody() {
    let stage = Stage::new().await;
    let url = format!("http://{}/attempts", stage.front_address());
    for attempts in ["1", "7", "4294967295", "many"] {
        let headers = [("bellhop-attempts", attempts)];
        let answer = Client::new().get_with(&url, &headers).await.unwrap();
        assert_eq!(&answer.body[..], b"None", "{attempts}");
    }
}
