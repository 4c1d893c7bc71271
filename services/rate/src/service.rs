//! Answers `rate.Rate`.

use std::sync::Arc;

use hotel_proto::{
    limits::check_hotel_ids,
    rate::{Request, Result as Answer, rate_server},
    stay::Stay,
    view::{Encoded, RatePlan, RoomType},
};
use tonic::{Response, Status};

use crate::{Inventory, Quote};

/// Room for a plan in the answer, in bytes: a little more than one of ours takes.
const PLAN_BYTES: usize = 128;

/// The rate service; a clone shares the inventory.
#[derive(Clone, Debug)]
pub struct Rate {
    inventory: Arc<Inventory>,
}

impl Rate {
    /// Serves from an inventory.
    pub fn new(inventory: Inventory) -> Self {
        Self {
            inventory: Arc::new(inventory),
        }
    }
}

/// The gRPC service, ready to be served.
pub fn service(rate: Rate) -> rate_server::RateServer<Rate> {
    rate_server::RateServer::new(rate)
}

#[tonic::async_trait]
impl rate_server::Rate for Rate {
    async fn get_rates(
        &self,
        request: tonic::Request<Request>,
    ) -> Result<Response<Answer>, Status> {
        let mut request = request.into_inner();
        let ids = request.hotel_ids.take().unwrap_or_default();
        check_hotel_ids(&ids)?;
        let stay = Stay::parse(&request.in_date, &request.out_date)?;

        let mut rate_plans = Encoded::with_capacity(ids.len(), ids.len() * PLAN_BYTES);
        self.inventory.each_quote(&ids, stay, |id, quote| {
            plan(id, &quote, &request).push_on(&mut rate_plans);
        })?;
        Ok(Response::new(Answer {
            rate_plans: Some(rate_plans),
        }))
    }
}

fn plan<'a>(hotel_id: &'a str, quote: &Quote<'a>, request: &'a Request) -> RatePlan<&'a str> {
    RatePlan {
        hotel_id,
        code: quote.code,
        in_date: &request.in_date,
        out_date: &request.out_date,
        room_type: Some(RoomType {
            bookable_rate: quote.nightly.units(),
            total_rate: quote.total.units(),
            total_rate_inclusive: quote.total_inclusive.units(),
            code: quote.room_code,
            currency: quote.currency,
            room_description: quote.room,
        }),
    }
}

#[cfg(test)]
mod tests {
    use hotel_proto::rate::{RatePlan, rate_client::RateClient};
    use prost::Message;

    use super::*;

    async fn ask(ids: &[&str], in_date: &str, out_date: &str) -> Result<Vec<RatePlan>, Status> {
        let rate = Rate::new(Inventory::embedded().unwrap());
        let request = Request {
            hotel_ids: Some(ids.iter().collect()),
            in_date: in_date.into(),
            out_date: out_date.into(),
        };
        let answer = RateClient::new(service(rate)).get_rates(request).await?;
        let plans = answer.into_inner().rate_plans.unwrap_or_default();
        Ok(plans
            .iter()
            .map(|plan| RatePlan::decode(plan).unwrap())
            .collect())
    }

    #[tokio::test]
    async fn prices_are_whole_cents_on_the_wire() {
        let plans = ask(&["2", "1"], "2015-04-09", "2015-04-10").await.unwrap();
        let [second, first] = &plans[..] else {
            panic!("{plans:?}");
        };
        let queen = second.room_type.as_ref().unwrap();
        assert_eq!(
            (
                queen.bookable_rate,
                queen.total_rate,
                queen.total_rate_inclusive
            ),
            (139.0, 139.0, 153.09)
        );
        assert_eq!((&*queen.code, &*queen.currency), ("QN", "USD"));
        assert_eq!(
            (&*first.hotel_id, &*first.in_date, &*first.out_date),
            ("1", "2015-04-09", "2015-04-10")
        );
        assert_eq!(
            first.room_type.as_ref().unwrap().total_rate_inclusive,
            123.17
        );
    }

    #[tokio::test]
    async fn a_hotel_without_a_rate_is_left_out() {
        assert_eq!(
            ask(&["12", "nowhere"], "2015-04-09", "2015-04-10")
                .await
                .unwrap(),
            []
        );
        assert_eq!(ask(&["1"], "2036-01-01", "2036-01-02").await.unwrap(), []);
        assert_eq!(ask(&[], "2015-04-09", "2015-04-10").await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_bad_request_names_its_field() {
        let many = vec!["1"; 1001];
        for (field, ids, in_date, out_date) in [
            ("inDate", &[][..], "2015-02-29", "2015-03-01"),
            ("outDate", &["1"][..], "2015-04-09", "2015-04-09"),
            ("hotelIds", &many[..], "2015-04-09", "2015-04-10"),
        ] {
            let status = ask(ids, in_date, out_date).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(
                status.message().starts_with(&format!("{field}: expected ")),
                "{status}"
            );
        }
    }
}
