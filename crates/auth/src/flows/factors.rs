//! What must have been proven before there is a session. The proof is a type that only the check can make, so that no path
//! leads around it (DESIGN, section 4).

use inkan_config::Config;
use inkan_store::Account;

use super::{Data, FlowKind, registration::signs_in_by_mail};

/// Every factor that tenant and user demand was verified in this flow, and the account can be entered again.
pub(crate) struct AllFactors(());

/// Looks at what the flow has proven for the account, as both are now.
pub(crate) fn check(config: &Config, flow: FlowKind, data: &Data, account: &Account) -> Option<AllFactors> {
    let same_user = data.user == Some(account.user.id);
    let proven = match flow {
        FlowKind::Login => data.proven && data.login_method.is_some() && !data.recovery_pending,
        FlowKind::Registration => {
            let verified =
                data.email_verified || !config.email.require_verification || data.address.is_none();
            let can_return = account.password.is_some() || signs_in_by_mail(config, data);
            verified && can_return
        }
    };
    (same_user && proven).then_some(AllFactors(()))
}
